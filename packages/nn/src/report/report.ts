import type { Kept, TrainingRecord } from '../train/index.js';
import { chart, chartPicture, escaped } from './chart.js';
import type { Curve, Point } from './curves.js';
import { duration, significant } from './format.js';

/** What a report says besides its curves. */
export interface ReportOptions {
  readonly title: string;
  /** Seconds of work. */
  readonly seconds: number;
  readonly best: readonly Kept[];
  /** Pictures of the run, the latest first; the page shows the first of each name. */
  readonly pictures?: readonly ReportPicture[];
}

/** A picture beside the page. */
export interface ReportPicture {
  readonly name: string;
  readonly step: number;
  /** Its place, relative to the page. */
  readonly file: string;
}

const style = `
:root { color-scheme: dark; }
body { max-width: 1360px; margin: 0 auto; padding: 40px 28px 56px; background: #1c1c1e; color: #d6d6d6; font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; color: #f4f4f4; font-size: 30px; font-weight: 600; }
h1 + p { margin: 6px 0 32px; color: #9a9a9a; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(480px, 100%), 1fr)); gap: 36px 32px; }
main.pictures { grid-template-columns: repeat(auto-fill, minmax(min(480px, 100%), 1fr)); }
figure { margin: 0; min-width: 0; }
svg, img { display: block; width: 100%; }
img { image-rendering: pixelated; }
figcaption { margin-top: 6px; color: #9a9a9a; font-size: 14px; }
figcaption b { color: #d6d6d6; font-weight: 600; }
figcaption span { display: inline-block; margin-left: 18px; color: #d6d6d6; } figcaption em { color: #9a9a9a; font-style: normal; }
i { display: inline-block; width: 9px; height: 9px; margin-right: 7px; border-radius: 2px; }
h2 { margin: 44px 0 12px; color: #f4f4f4; font-size: 19px; font-weight: 600; }
table { border-collapse: collapse; } th, td { padding: 5px 28px 5px 0; border-bottom: 1px solid #3a3a3c; text-align: right; font-weight: 400; white-space: nowrap; }
th { color: #9a9a9a; } tr.best td { color: #e8b866; }
.table { overflow-x: auto; }
@media (max-width: 600px) { figure svg { overflow: visible; } figure svg text { font-size: 17px; } th, td { padding-right: 18px; } }`;

/** What the steps and the validations say about a number. */
const curvesOf = (records: readonly TrainingRecord[], name: string): Curve[] =>
  (['step', 'epoch'] as const).map((kind) => ({
    name: kind === 'step' ? 'training' : 'validation',
    dots: kind === 'epoch',
    points: records.flatMap((r): Point[] => (r.kind === kind && name in r.values ? [[r.step, r.values[name]!]] : [])),
  }));

/**
 * One number of a run over its steps as an SVG picture that stands alone: means over a band from lowest to highest, dots for
 * validations.
 * @throws ChiaroError where the records hold no two values of it.
 */
export const stepsChart = (records: readonly TrainingRecord[], name: string): string =>
  chartPicture(name, curvesOf(records, name));

/**
 * An HTML page that stands alone, but for its pictures: a chart for every number of the steps and validations, those of one name together, and a
 * table of the epochs with the best ones marked.
 */
export function trainingReport(
  records: readonly TrainingRecord[],
  { title, seconds, best, pictures = [] }: ReportOptions,
): string {
  const epochs = records.filter(({ kind }) => kind === 'epoch');
  const steps = records.filter(({ kind }) => kind === 'step');
  const names = [...new Set(records.flatMap(({ values }) => Object.keys(values)))];
  const charts = names.map((name) => chart(name, curvesOf(records, name)));
  const rates = steps.flatMap(({ step, learningRate }): Point[] =>
    learningRate === undefined ? [] : [[step, learningRate]],
  );
  charts.push(chart('learning rate', [{ name: 'first group', dots: false, points: rates }], { linear: true }));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
<h1>${escaped(title)}</h1>
<p>${records.at(-1)?.step ?? 0} steps, ${epochs.length} ${epochs.length === 1 ? 'epoch' : 'epochs'} measured, ${duration(seconds)}</p>
<main>
${charts.join('\n')}
</main>
${table(epochs, best)}
${gallery(pictures)}
</html>
`;
}

function gallery(pictures: readonly ReportPicture[]): string {
  const names = [...new Set(pictures.map(({ name }) => name))];
  if (names.length === 0) return '';
  const figures = names.map((each) => {
    const { name, step, file } = pictures.find((picture) => picture.name === each)!;
    return `<figure><img src="${escaped(file)}" alt=""><figcaption><b>${escaped(name)}</b><span>step ${step}</span></figcaption></figure>`;
  });
  return `<h2>Pictures</h2>\n<main class="pictures">\n${figures.join('\n')}\n</main>`;
}

function table(epochs: readonly TrainingRecord[], best: readonly Kept[]): string {
  if (epochs.length === 0) return '';
  const names = Object.keys(epochs[0]!.values);
  const row = ({ epoch, step, seconds, values }: TrainingRecord): string => {
    const cells = [epoch + 1, step, duration(seconds), ...names.map((name) => significant(values[name] ?? NaN))];
    const mark = best.some((kept) => kept.step === step) ? ' class="best"' : '';
    return `<tr${mark}>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  };
  const heads = ['epoch', 'step', 'after', ...names].map((name) => `<th>${escaped(name)}</th>`).join('');
  return `<h2>Epochs</h2>
<div class="table"><table>
<tr>${heads}</tr>
${epochs.map(row).join('\n')}
</table></div>`;
}
