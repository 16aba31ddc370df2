import type { FrameMeasures } from './measureFrame.js';

/** A row of a table: a method or an ablation, and each seed's means over frames. */
export interface TableRow {
  readonly name: string;
  readonly seeds: readonly FrameMeasures[];
}

/** Means of measures over frames. @throws RangeError for none. */
export function meanMeasures(frames: readonly FrameMeasures[]): FrameMeasures {
  if (frames.length === 0) throw new RangeError('meanMeasures: no frames were measured');
  const keys = Object.keys(frames[0]) as (keyof FrameMeasures)[];
  const mean = (key: keyof FrameMeasures): number => frames.reduce((sum, f) => sum + f[key], 0) / frames.length;
  return Object.fromEntries(keys.map((key) => [key, mean(key)])) as unknown as FrameMeasures;
}

const columns: readonly (readonly [keyof FrameMeasures, string, digits: number])[] = [
  ['l2', 'L2 ↓', 2],
  ['ssim', 'SSIM ↑', 3],
  ['psnr', 'PSNR ↑', 2],
  ['csim', 'CSIM ↑', 3],
  ['vertices', 'vertices mm ↓', 2],
  ['lips', 'lips mm ↓', 2],
  ['shape', 'shape mm ↓', 2],
  ['degrees', 'rotation ° ↓', 2],
  ['unseen', 'unseen camera L2 ↓', 2],
];

/**
 * The paper's Tables 1 and 2 as Markdown, with what only rendered clips can tell beside them. Of several seeds the mean and,
 * after ±, the standard deviation over seeds.
 */
export function comparisonTable(rows: readonly TableRow[]): string {
  const cell = (row: TableRow, key: keyof FrameMeasures, digits: number): string => {
    const values = row.seeds.map((s) => s[key]);
    // SSIM has no window in a face of few pixels; JSON has no NaN
    if (!values.every((x) => Number.isFinite(x))) return '–';
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    if (values.length < 2) return mean.toFixed(digits);
    const spread = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
    return `${mean.toFixed(digits)} ± ${spread.toFixed(digits)}`;
  };
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const strangers = meanMeasures(rows.flatMap(({ seeds }) => seeds)).stranger;
  return [
    line(['Method', ...columns.map(([, title]) => title)]),
    line(['---', ...columns.map(() => '---:')]),
    ...rows.map((row) => line([row.name, ...columns.map(([key, , digits]) => cell(row, key, digits))])),
    ...(Number.isFinite(strangers)
      ? ['', `CSIM of the frames with another person's face: ${strangers.toFixed(3)}.`]
      : []),
  ].join('\n');
}
