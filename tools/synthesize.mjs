/**
 * Synthetic faces with ground truth as a folder of shards, and a sheet of the first ones to look at.
 *
 *   node scripts/run.mjs tools/synthesize.mjs --out out/faces [--count 100] [--size 128] [--spp 64] [--seed 1]
 *     [--shard 64] [--model FILE] [--sheet 6]
 *
 * The same command goes on where it was ended. Columns of the sheet: path traced, local, their difference around grey,
 * albedo, normals, depth, texture coordinates, face mask with landmarks.
 */
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { drawFaceScene, loadFaceModel, sampleArrays, synthesize } from '@chiaro/faces';
import { openDataset, writeDataset } from '@chiaro/faces/node';
import { progress } from './evaluate/progress.mjs';

const { values: options } = parseArgs({
  options: {
    out: { type: 'string' },
    count: { type: 'string', default: '100' },
    size: { type: 'string', default: '128' },
    spp: { type: 'string', default: '64' },
    seed: { type: 'string', default: '1' },
    shard: { type: 'string', default: '64' },
    model: { type: 'string' },
    sheet: { type: 'string', default: '6' },
  },
});
if (options.out === undefined) throw new Error('--out names the folder');
const [count, size, spp, seed, shardSize, rows] = ['count', 'size', 'spp', 'seed', 'shard', 'sheet'].map((name) => {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} needs a whole number, got ${options[name]}`);
  return value;
});

const model = await loadFaceModel(options.model === undefined ? {} : { path: options.model });
const done = progress(count);
const started = performance.now();
let made = 0;
await writeDataset(options.out, {
  count,
  shardSize,
  settings: { model: model.data.name, size, spp, seed },
  make: async (index) => {
    const face = await synthesize(model, await drawFaceScene(model, seed + index, { size }), { spp });
    made++;
    done(`face ${index + 1}`);
    return sampleArrays(face);
  },
});
const seconds = (performance.now() - started) / 1000;
process.stderr.write(`${made} faces in ${seconds.toFixed(1)} s, ${(made / seconds).toFixed(2)} a second\n`);

const displayed = (x) => 255 * Math.min(1, Math.max(0, x)) ** (1 / 2.2);

/** The pictures of a sample as rows of bytes, side by side. */
function strip({ local, traced, albedo, normals, depth, uv, faceMask, landmarks, mask }) {
  const near = depth.data.reduce((least, d) => (d > 0 ? Math.min(least, d) : least), Infinity);
  const columns = [
    (k, c) => displayed(traced.data[3 * k + c]),
    (k, c) => displayed(local.data[3 * k + c]),
    (k, c) => 128 + 200 * (traced.data[3 * k + c] - local.data[3 * k + c]),
    (k, c) => displayed(albedo.data[3 * k + c]),
    (k, c) => (mask.data[k] ? 127.5 * (1 + normals.data[3 * k + c]) : 0),
    (k) => (mask.data[k] ? 255 - 0.9 * (depth.data[k] - near) : 0),
    (k, c) => (c < 2 ? 255 * uv.data[2 * k + c] : 0),
    (k) => 200 * faceMask.data[k],
  ];
  const pixels = Buffer.alloc(size * size * columns.length * 3);
  const put = (x, y, c, value) => (pixels[3 * (y * size * columns.length + x) + c] = Math.min(255, Math.max(0, value)));
  columns.forEach((value, column) => {
    for (let k = 0; k < size * size; k++)
      for (let c = 0; c < 3; c++) put(column * size + (k % size), Math.floor(k / size), c, value(k, c));
  });
  for (let k = 0; k < 68; k++) {
    const [x, y] = [Math.floor(landmarks.data[2 * k]), Math.floor(landmarks.data[2 * k + 1])];
    if (x < 0 || y < 0 || x >= size || y >= size) continue;
    for (let c = 0; c < 3; c++) put((columns.length - 1) * size + x, y, c, c === 1 ? 255 : 0);
  }
  return { pixels, width: size * columns.length };
}

const set = await openDataset(options.out);
const strips = [];
for (let k = 0; k < Math.min(rows, set.length); k++) strips.push(strip(await set.sample(k)));
if (strips.length > 0) {
  const sheet = Buffer.concat(strips.map(({ pixels }) => pixels));
  const raw = { width: strips[0].width, height: size * strips.length, channels: 3 };
  await sharp(sheet, { raw }).png().toFile(join(options.out, 'sheet.png'));
}
process.exit(0); // the GPU's threads would keep the process
