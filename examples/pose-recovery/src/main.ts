// npm run example pose-recovery -- [cube | head] [--report FILE.md] [--out FOLDER]
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Generator, concat, type Tensor } from '@chiaro/autograd';
import { saveImage } from '@chiaro/render';
import { cube, head, type Thing } from './objects.js';
import { recover } from './recover.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { report: { type: 'string' }, out: { type: 'string', default: 'out/pose-recovery' } },
});
const things: Readonly<Record<string, (noise: Generator) => Promise<Thing>>> = { cube, head };
const names = positionals.length > 0 ? positionals : Object.keys(things);
const unknown = names.find((name) => !(name in things));
if (unknown !== undefined) throw new Error(`there is no ${unknown}; there are: ${Object.keys(things).join(', ')}`);

/** A row of the table, its columns as wide as the headings. */
const row = (cells: string[]): string => `| ${cells.map((cell, k) => cell.padStart([5, 11, 22][k]!)).join(' | ')} |`;

const lines: string[] = [];
for (const name of names) {
  const [began, noise] = [performance.now(), new Generator(2024)];
  const { before, after, pictures } = await recover(await things[name]!(noise), noise, { size: 48 });
  const seconds = (performance.now() - began) / 1000;
  const good = after.filter((d) => d < 1).length;
  lines.push(`${name}: ${good} of ${after.length} starts end under 1 degree`);
  lines.push(
    '',
    '| start | degrees off | degrees off at the end |',
    '| ----: | ----------: | ---------------------: |',
  );
  before.forEach((d, k) => lines.push(row([String(k + 1), d.toFixed(1), after[k]!.toFixed(2)])));
  lines.push('');
  console.log(`${lines.slice(-before.length - 5).join('\n')}\n(${seconds.toFixed(1)} s)`);
  const strip = (images: Tensor): Tensor =>
    concat(
      Array.from({ length: 8 }, (_, k) => images.select(0, k)),
      1,
    );
  const sheet = concat([pictures.target, pictures.start, pictures.found].map(strip), 0);
  await mkdir(values.out, { recursive: true });
  await saveImage(join(values.out, `${name}.png`), sheet);
}
if (values.report !== undefined) {
  const text = [
    '# Pose recovery',
    '',
    `Written by \`npm run example pose-recovery -- --report ${values.report}\`.`,
    '',
    ...lines,
  ];
  await mkdir(dirname(values.report), { recursive: true });
  await writeFile(`${values.report}.part`, text.join('\n'));
  await rename(`${values.report}.part`, values.report);
}
