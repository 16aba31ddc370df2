/**
 * Who finds the shape of a face, and of its edges? Faces of the ICT model are path traced and fitted from the picture and
 * landmarks that err like a detector's with the vertex-based renderer, by ray tracing, by both, and by ray tracing with gradients at edges,
 * all with our model and as many steps; and with the ICT model itself. The error is that of the true face's vertices, all of
 * the face, those near outlines, and those near the lips.
 *
 *   node scripts/run.mjs tools/evaluate-geometry.mjs --model ict_face.safetensors [--faces 4] [--rows vertex,rays,both,boundary,ict]
 *     [--size 96] [--blur 0.015] [--json docs/results/fit-geometry.json] [--fresh]
 *
 * Results are kept fit by fit: the same command goes on where it was ended. A page with the table stands beside the JSON file.
 */
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { deviceInfo } from '@chiaro/autograd';
import { fitFace, loadFaceModel, surfaceError } from '@chiaro/faces';
import { faceOf, fittedScene, photoOf } from './evaluate-fit/evaluate.mjs';
import { truthModel } from './evaluate-fit/faces.mjs';
import { truthOf, truthVersion } from './evaluate-fit/truth.mjs';
import { bandsOf } from './evaluate-geometry/bands.mjs';
import { page } from './evaluate-geometry/page.mjs';
import { rows } from './evaluate-geometry/rows.mjs';
import { progress } from './evaluate/progress.mjs';
import { blurred } from './evaluate-person/persons.mjs';
import { randomSource } from './face-model/random.mjs';
import { fingerprint, openResults, writeWhole } from './evaluate/resultFile.mjs';
import { chosenRows, numbersOf } from './options.mjs';

const { values: options } = parseArgs({
  options: {
    faces: { type: 'string', default: '4' },
    rows: { type: 'string', default: Object.keys(rows).join(',') },
    size: { type: 'string', default: '96' },
    blur: { type: 'string', default: '0.015' },
    model: { type: 'string', default: process.env.CHIARO_FACE },
    json: { type: 'string', default: 'docs/results/fit-geometry.json' },
    work: { type: 'string', default: join(tmpdir(), 'chiaro-evaluate-fit') },
    fresh: { type: 'boolean', default: false },
  },
});
const [faces, size, blur] = numbersOf(options, ['faces', 'size', 'blur']);
const chosen = chosenRows(options.rows, rows);
if (options.model === undefined)
  throw new Error("the ICT model's compact file is needed: --model FILE, or CHIARO_FACE");

const model = await loadFaceModel();
const truth = await truthModel(options.model);
const keyOf = ({ face, row }) => `${face} ${row}`;
const settings = {
  truth: truth.model.data.name,
  truthVersion,
  fitted: model.data.name,
  size,
  blur,
  schedule: fingerprint(Object.values(rows).map((row) => row.config(size))),
};
const results = openResults(options.json, { settings, keyOf, fresh: options.fresh });

/** Steps of closest points after the landmarks. */
const refine = 12;

const jobs = Array.from({ length: faces }, (_, k) => k + 1)
  .flatMap((face) => chosen.map((row) => ({ face, row })))
  .filter((job) => !results.has(keyOf(job)));
const done = progress(jobs.length);
for (const { face, row } of jobs) {
  const known = await truthOf(truth, face, size, options.work);
  const fitted = rows[row].ict ? truth.model : model;
  const landmarks = blurred(known.landmarks, blur, randomSource(6151 * face + 3));
  const given = { model: fitted, landmarks, config: rows[row].config(size), budgetSeconds: 1e6 };
  const before = process.cpuUsage();
  const fit = await fitFace(photoOf(face, known.photo, size), { ...given, seed: face });
  const { user, system } = process.cpuUsage(before);
  const found = faceOf(fitted, (await fittedScene(fitted, fit, size)).positions);
  const theirs = faceOf(truth.model, known.positions);
  const errors = (kind) => {
    const of = (region) => surfaceError(found, { ...theirs, region }, { kind, refine }).toFound.mean;
    const { outline, lips } = bandsOf({ ...theirs, landmarks: Float64Array.from(theirs.landmarks) });
    return { face: of(theirs.region), outline: of(outline), lips: of(lips) };
  };
  const entry = {
    ...{ face, row, rigid: errors('rigid'), scaled: errors('symmetric') },
    ...{ landmarkRms: fit.metrics.landmarkRms, seconds: fit.totalSeconds, cpuSeconds: (user + system) / 1e6 },
  };
  results.add(entry, (await deviceInfo()).name);
  const { scaled } = entry;
  done(
    `face ${face}, ${rows[row].title}: ${scaled.face.toFixed(2)} mm, outlines ${scaled.outline.toFixed(2)}, lips ` +
      `${scaled.lips.toFixed(2)}, fitted in ${fit.totalSeconds.toFixed(0)} s`,
  );
}
writeWhole(options.json.replace(/\.json$/, '.md'), page(results.content, basename(options.json)));
process.stderr.write(`${options.json} and its page\n`);
process.exit(0); // the GPU's threads would keep the process
