/**
 * Does a fit paint light into the albedo? Faces of another model, with a skin of their own, are path traced under
 * environment maps whose lamps cast shadows, and fitted from the picture and their true landmarks. What was fitted is lit
 * by eight other lights and compared with the truth, beside the baseline that takes the photograph for the albedo.
 *
 *   node scripts/run.mjs tools/evaluate-fit.mjs [--faces 20] [--rows traced9,vertex9] [--size 96] [--budget 600]
 *     [--model ict_face.safetensors] [--json docs/results/fit-synthetic.json] [--sheet 3] [--fresh]
 *
 * The model of the true faces is the ICT model's compact file (`--model` or CHIARO_FACE), else our own with bumps. Results
 * are kept fit by fit: the same command goes on where it was ended. A page with the table stands beside the JSON file.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadFaceModel } from '@chiaro/faces';
import { evaluate, sheetPictures } from './evaluate-fit/evaluate.mjs';
import { truthModel } from './evaluate-fit/faces.mjs';
import { page } from './evaluate-fit/page.mjs';
import { baseConfig, rows } from './evaluate-fit/rows.mjs';
import { truthOf, truthVersion } from './evaluate-fit/truth.mjs';
import { progress } from './evaluate/progress.mjs';
import { fingerprint, openResults, writeWhole } from './evaluate/resultFile.mjs';
import { writeSheet, writeStrip } from './evaluate/sheet.mjs';
import { chosenRows, numbersOf } from './options.mjs';

const { values: options } = parseArgs({
  options: {
    faces: { type: 'string', default: '20' },
    rows: { type: 'string', default: Object.keys(rows).join(',') },
    size: { type: 'string', default: '96' },
    budget: { type: 'string', default: '600' },
    model: { type: 'string', default: process.env.CHIARO_FACE },
    json: { type: 'string', default: 'docs/results/fit-synthetic.json' },
    sheet: { type: 'string', default: '3' },
    work: { type: 'string', default: join(tmpdir(), 'chiaro-evaluate-fit') },
    fresh: { type: 'boolean', default: false },
  },
});
const [faces, size, budgetSeconds, sheetFaces] = numbersOf(options, ['faces', 'size', 'budget', 'sheet']);
const chosen = chosenRows(options.rows, rows);

const model = await loadFaceModel();
const truth = await truthModel(options.model);
const keyOf = ({ face, row }) => `${face} ${row}`;
const settings = {
  truth: truth.model.data.name,
  truthVersion,
  fitted: model.data.name,
  size,
  schedule: fingerprint(baseConfig(size)),
  budgetSeconds,
};
const results = openResults(options.json, { settings, keyOf, fresh: options.fresh });
const jobs = Array.from({ length: faces }, (_, k) => k + 1)
  .flatMap((face) => chosen.map((row) => ({ face, row })))
  .filter((job) => !results.has(keyOf(job)));
const done = progress(jobs.length);
for (const { face, row } of jobs) {
  const known = await truthOf(truth, face, size, options.work);
  const config = rows[row].config(size);
  const found = await evaluate({
    model,
    truthModel: truth.model,
    truth: known,
    number: face,
    size,
    config,
    budgetSeconds,
  });
  const { figures, stages, notes, adapter } = found;
  results.add({ face, row, kind: known.kind, meanRadiance: known.meanRadiance, ...figures, stages, notes }, adapter);
  if (face <= sheetFaces) {
    await writeStrip(join(options.work, `${row}-${face}.png`), await sheetPictures(known, found, size), 160);
  }
  const { relit, baseline, albedoInShadow, baselineInShadow, seconds } = figures;
  done(
    `face ${face}, ${rows[row].title}: ${relit.toFixed(1)} dB (baseline ${baseline.toFixed(1)}), albedo in shadow ` +
      `${albedoInShadow.toFixed(3)} (${baselineInShadow.toFixed(3)}), fitted in ${seconds.toFixed(0)} s`,
  );
}
const strips = chosen.flatMap((row) =>
  Array.from({ length: sheetFaces }, (_, k) => join(options.work, `${row}-${k + 1}.png`)),
);
await writeSheet(join(options.work, 'sheet.png'), strips);
writeWhole(options.json.replace(/\.json$/, '.md'), page(results.content));
process.stderr.write(`${options.json}, its page, and ${join(options.work, 'sheet.png')}\n`);
process.exit(0); // the GPU's threads would keep the process
