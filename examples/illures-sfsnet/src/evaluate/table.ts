import type { ErrorSummary } from '@chiaro/faces';
import type { PresetName, RowName } from '../config.js';
import type { RelightingScores } from '../uses/relight.js';
import type { Scores } from './measures.js';

/** A row of the table. */
export interface Entry {
  readonly preset: PresetName;
  /** A trained row; or `mean`, the mean face of the training set, or `light`, the same with refitted light. */
  readonly row: RowName | 'mean' | 'light';
  /** 0 for rows that nothing is learned for. */
  readonly seed: number;
  /** Optimiser steps of all phases. */
  readonly steps: number;
  readonly seconds: number;
  readonly msPerImage: number;
  readonly adapter: string;
  /** On the stand-in's test set. */
  readonly scores: Scores;
  /** Of the same faces in each other's light. */
  readonly relighting?: RelightingScores;
}

const names: Readonly<Record<Entry['row'], string>> = {
  mean: 'mean face',
  light: 'mean face, light refitted',
  sfs: 'SfS',
  'sfs-reconstruction': 'SfS + reconstruction loss on video',
  'pseudo-labels': 'SfS-pretrain (pseudo labels)',
  'sfs-align': 'SfS-Align',
  'illures-pre': 'IlluRes-SfS-pre',
  'illures-align': 'IlluRes-SfSNet-Align',
};

const average = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

/** One number for each seed: their mean, and the lowest and highest where there are several. */
function overSeeds(values: readonly number[], digits: number, unit = ''): string {
  const range =
    values.length > 1 ? ` (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})` : '';
  return `${average(values).toFixed(digits)}${unit}${range}`;
}

/** A column of errors times 1000. */
const thousandths =
  (of: (entry: Entry) => ErrorSummary | undefined) =>
  (entries: readonly Entry[]): string => {
    const found = entries.map(of).filter((x) => x !== undefined);
    return found.length > 0
      ? overSeeds(
          found.map(({ mean }) => 1000 * mean),
          1,
        )
      : '-';
  };

const share =
  (k: number) =>
  (entries: readonly Entry[]): string =>
    overSeeds(
      entries.map(({ scores }) => 100 * scores.normalShares[k]),
      1,
      ' %',
    );

/** Table 2's columns, with the spread over images. */
const normalColumns: readonly (readonly [string, (entries: readonly Entry[]) => string])[] = [
  [
    'normals [degrees]',
    (entries) =>
      `${overSeeds(
        entries.map(({ scores }) => scores.normals.mean),
        1,
      )} ± ${average(entries.map(({ scores }) => scores.normals.deviation)).toFixed(1)}`,
  ],
  ['< 20', share(0)],
  ['< 25', share(1)],
  ['< 30', share(2)],
];

const mapColumns: readonly (readonly [string, (entries: readonly Entry[]) => string])[] = [
  ['albedo', thousandths(({ scores }) => scores.albedo)],
  ['in shadows', thousandths(({ scores }) => scores.albedoInShadow)],
  ['in highlights', thousandths(({ scores }) => scores.albedoInHighlight)],
  ['elsewhere', thousandths(({ scores }) => scores.albedoElsewhere)],
  ['shading', thousandths(({ scores }) => scores.shading)],
  ['reconstruction', thousandths(({ scores }) => scores.reconstruction)],
  ['R', thousandths(({ scores }) => scores.residual)],
];

const relightingColumns: typeof normalColumns = [
  ['R dropped', thousandths(({ relighting }) => relighting?.drop)],
  ['R kept', thousandths(({ relighting }) => relighting?.keep)],
  ['R scaled', thousandths(({ relighting }) => relighting?.scale)],
  ['picture unchanged', thousandths(({ relighting }) => relighting?.unchanged)],
  ['truth without R', thousandths(({ relighting }) => relighting?.local)],
];

function markdown(columns: typeof normalColumns, groups: readonly (readonly [string, readonly Entry[]])[]): string {
  const head = ['row', 'seeds', ...columns.map(([title]) => title)];
  const rows = groups.map(([name, entries]) => [name, entries.length, ...columns.map(([, cell]) => cell(entries))]);
  return [head, head.map((_, k) => (k === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/**
 * The tables of entries as Markdown: normals as table 2 of the paper, then maps and relighting, root mean squares times 1000. Each
 * number is the mean over images and seeds, with the lowest and highest seed; normals with the deviation over images.
 */
export function table(entries: readonly Entry[]): string {
  const groups = (Object.keys(names) as Entry['row'][])
    .map((row) => [names[row], entries.filter((entry) => entry.row === row)] as const)
    .filter(([, list]) => list.length > 0);
  const cost: typeof normalColumns = [
    ['steps', ([first]) => String(first.steps)],
    ['minutes', (list) => average(list.map(({ seconds }) => seconds / 60)).toFixed(1)],
    ['ms per image', (list) => average(list.map(({ msPerImage }) => msPerImage)).toFixed(1)],
  ];
  const relit = groups
    .map(([name, list]) => [name, list.filter(({ relighting }) => relighting !== undefined)] as const)
    .filter(([, list]) => list.length > 0);
  return [
    markdown([...normalColumns, ...cost], groups),
    markdown(mapColumns, groups),
    ...(relit.length > 0 ? [markdown(relightingColumns, relit)] : []),
  ].join('\n\n');
}
