import type { FrameMeasures, HeadErrors } from './measureFrame.js';

/** A row of a table: a method or an ablation, and each seed's means over frames; of heads alone without images. */
export interface TableRow {
  readonly name: string;
  readonly seeds: readonly (FrameMeasures | HeadErrors)[];
}

/** Means of measures over frames. @throws RangeError for none. */
export function meanMeasures<T extends HeadErrors>(frames: readonly T[]): T {
  if (frames.length === 0) throw new RangeError('meanMeasures: no frames were measured');
  const keys = Object.keys(frames[0]) as (keyof T)[];
  // JSON has no NaN: it comes back as null
  return Object.fromEntries(keys.map((key) => [key, mean(frames.map((f) => Number(f[key] ?? NaN)))])) as unknown as T;
}

const columns: readonly (readonly [keyof FrameMeasures, string, digits: number])[] = [
  ['l2', 'L2 ↓', 2],
  ['ssim', 'SSIM ↑', 3],
  ['psnr', 'PSNR ↑', 2],
  ['csim', 'CSIM ↑', 3],
  ['vertices', 'vertices mm ↓', 2],
  ['across', 'across mm ↓', 2],
  ['lips', 'lips mm ↓', 2],
  ['shape', 'shape mm ↓', 2],
  ['degrees', 'rotation ° ↓', 2],
  ['unseen', 'unseen camera L2 ↓', 2],
];

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** What heads alone do not have. */
const absent = { l2: NaN, ssim: NaN, psnr: NaN, csim: NaN, unseen: NaN, stranger: NaN };

/**
 * The paper's Tables 1 and 2 as Markdown, with what only rendered clips can tell beside them. Of several seeds the mean and,
 * after ±, the standard deviation over seeds.
 */
export function comparisonTable(rows: readonly TableRow[]): string {
  const cell = (row: TableRow, key: keyof FrameMeasures, digits: number): string => {
    const values = row.seeds.map((s): number => ({ ...absent, ...s })[key]);
    // heads alone have no images; SSIM has no window in a face of few pixels
    if (!values.every((x) => Number.isFinite(x))) return '–';
    const middle = mean(values);
    if (values.length < 2) return middle.toFixed(digits);
    const spread = Math.sqrt(values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (values.length - 1));
    return `${middle.toFixed(digits)} ± ${spread.toFixed(digits)}`;
  };
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const strangers = rows.flatMap(({ seeds }) => seeds.flatMap((s) => ('stranger' in s ? [s.stranger] : [])));
  return [
    line(['Method', ...columns.map(([, title]) => title)]),
    line(['---', ...columns.map(() => '---:')]),
    ...rows.map((row) => line([row.name, ...columns.map(([key, , digits]) => cell(row, key, digits))])),
    ...(strangers.length > 0
      ? ['', `CSIM of the frames with another person's face: ${mean(strangers).toFixed(3)}.`]
      : []),
  ].join('\n');
}
