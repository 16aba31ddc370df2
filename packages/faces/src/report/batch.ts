import { metricInfo } from '../export/fitJSON.js';
import type { FitMetrics } from '../fit/types.js';
import { duration } from './format.js';
import { Markup, html } from './html.js';
import { style } from './style.js';
import { shownMetrics } from './tables.js';

/** One face of a batch, or a photograph that gave none. */
export interface BatchEntry {
  /** Path of the photograph as it was given or found. */
  readonly photo: string;
  /** Changes with the photograph's bytes and with everything that was asked for; a result of the same is not made again. */
  readonly fingerprint: string;
  /** Which of the photograph's faces from the left, and how many it has, where all were asked for. */
  readonly face?: number;
  readonly faces?: number;
  /** The result's folder, beside this file. */
  readonly folder?: string;
  readonly metrics?: FitMetrics;
  readonly seconds?: number;
  readonly notes?: readonly string[];
  /** Why there is no result. */
  readonly failure?: string;
}

const names = Object.keys(metricInfo) as (keyof FitMetrics)[];
const columns = ['SSIM', 'SSIM, model only', 'PSNR', 'RMSE', 'landmarks', 'mask IoU'];

const fileOf = (path: string): string => path.split(/[/\\]/).at(-1)!;
const titleOf = ({ photo, face }: BatchEntry): string =>
  face === undefined ? fileOf(photo) : `${fileOf(photo)}, face ${face}`;

/** Why there is no result; the row has the photograph's name already. */
const reasonOf = ({ photo, failure = '' }: BatchEntry): string => {
  const name = `${fileOf(photo)}: `;
  return failure.startsWith(name) ? failure.slice(name.length) : failure;
};

const cells = ({ metrics, seconds = NaN }: BatchEntry): string[] =>
  metrics ? [...names.map((name) => shownMetrics[name](metrics[name])), duration(seconds)] : [];

/** The means of what was fitted, as an entry of its own; none of nothing. */
function meanOf(entries: readonly BatchEntry[]): BatchEntry | undefined {
  const fitted = entries.filter(({ metrics }) => metrics !== undefined);
  if (fitted.length === 0) return undefined;
  const mean = (value: (entry: BatchEntry) => number): number =>
    fitted.reduce((sum, entry) => sum + value(entry), 0) / fitted.length;
  const metrics = Object.fromEntries(names.map((name) => [name, mean((entry) => entry.metrics![name])]));
  return {
    photo: 'mean',
    fingerprint: '',
    metrics: metrics as unknown as FitMetrics,
    seconds: mean((entry) => entry.seconds!),
  };
}

const pipes = (text: string): string => text.replace(/\|/g, '\\|').replace(/\s+/g, ' ');

/** The table of a batch as markdown: a line per face, failures with their message, means at the end. */
export function batchMarkdown(entries: readonly BatchEntry[]): string {
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |`;
  const mean = meanOf(entries);
  const rows = entries.map((entry) =>
    entry.failure === undefined
      ? line([`[${pipes(titleOf(entry))}](<${entry.folder}/report.html>)`, ...cells(entry)])
      : line([pipes(titleOf(entry)), pipes(reasonOf(entry)), ...Array<string>(columns.length).fill('')]),
  );
  const head = ['photograph', ...columns, 'time'];
  return [
    line(head),
    line(head.map(() => '---')),
    ...rows,
    ...(mean ? [line(['**mean**', ...cells(mean)])] : []),
    '',
  ].join('\n');
}

/** Pictures and links are to the result folders beside the page. */
const policy = "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'";

const href = (folder: string, file: string): string => `${encodeURIComponent(folder)}/${file}`;

function row(entry: BatchEntry): Markup {
  const { folder, failure, notes = [] } = entry;
  const title = titleOf(entry);
  if (folder === undefined || failure !== undefined) {
    return html`<tr>
      <td></td>
      <td>${title}</td>
      <td colspan="7">${reasonOf(entry)}</td>
    </tr>`;
  }
  const picture = (name: string, alt: string): Markup =>
    html`<img src="${href(folder, `${name}.png`)}" alt="${alt} of ${title}" width="72" height="72" loading="lazy" />`;
  return html`<tr>
    <td class="pictures">${picture('photo', 'Crop')}${picture('final', 'Reconstruction')}</td>
    <td>
      <a href="${href(folder, 'report.html')}">${title}</a
      >${notes.length > 0 && html`<br /><small title="${notes.join('\n')}">notes in the report: ${notes.length}</small>`}
    </td>
    ${cells(entry).map((cell) => html`<td class="number">${cell}</td>`)}
  </tr>`;
}

const ownStyle = `
a { color: var(--bright); } small { color: var(--quiet); }
.pictures { white-space: nowrap; } .pictures img { display: inline-block; max-width: none; margin-right: 4px; }
td { vertical-align: middle; }
`;

/**
 * The page of a batch: the table with pictures and links to the reports in the folders beside it. @param about its title,
 * and the files beside it that hold the same.
 */
export function batchHTML(
  entries: readonly BatchEntry[],
  { title, files }: { readonly title: string; readonly files: string },
  created: Date,
): string {
  const fitted = entries.filter(({ metrics }) => metrics !== undefined);
  const mean = meanOf(entries);
  const day = created.toISOString().slice(0, 16).replace('T', ' ');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>${title}: faces by Chiaro</title>
        <style>
          ${new Markup(style + ownStyle)}
        </style>
      </head>
      <body>
        <header>
          <p class="brand">Chiaro</p>
          <h1>${title}</h1>
          <p class="sub">${fitted.length} faces fitted, ${entries.length - fitted.length} not. ${day} UTC</p>
        </header>
        <main>
          <section>
            <table>
              <thead>
                <tr>
                  <th></th>
                  <th>Photograph</th>
                  ${[...columns, 'time'].map((name) => html`<th class="number">${name}</th>`)}
                </tr>
              </thead>
              <tbody>
                ${entries.map(row)}
              </tbody>
              <tfoot>
                ${
                  mean &&
                  html`<tr>
                    <td></td>
                    <td>mean</td>
                    ${cells(mean).map((cell) => html`<td class="number">${cell}</td>`)}
                  </tr>`
                }
              </tfoot>
            </table>
          </section>
        </main>
        <footer><p>Beside this page: ${files} with the same numbers, and a folder per face.</p></footer>
      </body>
    </html> `;
  return page.text;
}
