// How well the model explains heads that it was not made from: ten random heads under another seed, each fitted by the
// regularised least-squares coefficients (known correspondence). Writes heldOut.json beside this file
// and the table of docs/concepts/face-model.md.
//
//   node scripts/run.mjs tools/face-model/heldOut.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { parseFaceModel } from '../../packages/faces/dist/index.js';
import { symmetricEigen } from '../../packages/faces/dist/model/symmetricEigen.js';
import { openHeads } from './build.mjs';
import { replacePart } from './page.mjs';
import { randomSource } from './random.mjs';

const seed = 77;
const noise = 0.1; // mm: what the prior is weighed against
const counts = [20, 40, 80, 128];

const file = new URL('../../packages/faces/assets/face-model.safetensors', import.meta.url);
const { positions: mean, identity, mask } = parseFaceModel(readFileSync(file));
const size = mean.length;
const { positions, generator } = openHeads();
const random = randomSource(seed);

/** Coefficients c of least |B c - x|^2 / noise^2 + |c|^2, through the eigenvectors of B B'. */
function coefficients(field, count) {
  const row = (k) => identity.subarray(k * size, (k + 1) * size);
  const dot = (a, b) => a.reduce((sum, x, k) => sum + x * b[k], 0);
  const { values, vectors } = (eigens[count] ??= symmetricEigen(gramOf(row, dot, count), count));
  const projected = Float64Array.from({ length: count }, (_, k) => dot(row(k), field));
  const result = new Float64Array(count);
  for (let e = 0; e < count; e++) {
    const v = vectors.subarray(e * count, (e + 1) * count);
    const weight = dot(v, projected) / (values[e] + noise ** 2);
    for (let k = 0; k < count; k++) result[k] += weight * v[k];
  }
  return result;
}
const eigens = {};

function gramOf(row, dot, count) {
  const gram = new Float64Array(count * count);
  for (let i = 0; i < count; i++) for (let j = i; j < count; j++) gram[i * count + j] = dot(row(i), row(j));
  return gram;
}

const heads = [];
for (let n = 0; n < 10; n++) {
  const drawn = generator.draw(random);
  // the model's frame differs from the base mesh's by a shift
  const field = Float64Array.from(drawn, (x, k) => x + positions[k] - mean[k]);
  for (let c = 0; c < 3; c++) {
    let shift = 0;
    for (let v = 0; v < size / 3; v++) shift += (3 * field[3 * v + c]) / size;
    for (let v = 0; v < size / 3; v++) field[3 * v + c] -= shift;
  }
  const entry = { fromMean: errors(field) };
  for (const count of counts) {
    const c = coefficients(field, count);
    const rest = field.slice();
    for (let k = 0; k < count; k++) for (let i = 0; i < size; i++) rest[i] -= c[k] * identity[k * size + i];
    entry[count] = {
      ...errors(rest),
      coefficientRms: Number(Math.sqrt(c.reduce((s, x) => s + x * x, 0) / count).toFixed(2)),
    };
  }
  heads.push(entry);
}

/** Mean distance of vertices over the whole head and over the face, mm. */
function errors(rest) {
  let [all, face, weight] = [0, 0, 0];
  for (let v = 0; v < mask.length; v++) {
    const distance = Math.hypot(rest[3 * v], rest[3 * v + 1], rest[3 * v + 2]);
    all += distance / mask.length;
    face += mask[v] * distance;
    weight += mask[v];
  }
  return { head: Number(all.toFixed(3)), face: Number((face / weight).toFixed(3)) };
}

const worst = Object.fromEntries(counts.map((n) => [n, Math.max(...heads.map((h) => h[n].head))]));
writeFileSync(
  new URL('./heldOut.json', import.meta.url),
  `${JSON.stringify({ unit: 'mm', seed, worst, heads }, null, 2)}\n`,
);
const mean10 = (pick) => heads.reduce((sum, h) => sum + pick(h) / heads.length, 0).toFixed(2);
const table = [
  '| modes | mean error, mm | of the worst head | of the face only | RMS of coefficients |',
  '| --- | --- | --- | --- | --- |',
  `| 0 | ${mean10((h) => h.fromMean.head)} | ${Math.max(...heads.map((h) => h.fromMean.head)).toFixed(2)} | ${mean10((h) => h.fromMean.face)} | |`,
  ...counts.map(
    (n) =>
      `| ${n} | ${mean10((h) => h[n].head)} | ${worst[n].toFixed(2)} | ${mean10((h) => h[n].face)} | ${mean10((h) => h[n].coefficientRms)} |`,
  ),
].join('\n');
replacePart('heldOut.mjs', table);
console.log(table);
