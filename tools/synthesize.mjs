/**
 * Synthetic faces with ground truth as a folder of shards, and a sheet of the first ones to look at.
 *
 *   node scripts/run.mjs tools/synthesize.mjs --out out/faces [--kind faces|grid|caricatures|clips|stage] [--count 100]
 *     [--size 128] [--spp 64] [--depth 4] [--seed 1] [--looks] [--shard 64] [--model FILE] [--sheet 6]
 *
 * --count counts faces, identities of a grid, clips, or moments of a stage. --looks adds backgrounds, hair, glasses, hands,
 * cameras that differ. The same command goes on where it was ended; run it several times at once, and the processes share
 * the work. Columns of the sheet: photograph, path traced, local, their difference around grey, albedo, normals, depth, texture
 * coordinates, parts with landmarks.
 */
import { join } from 'node:path';
import { parseArgs, TextDecoder } from 'node:util';
import { caricatureGrid, faceClips, faceGrid, faceSet, lightStage, loadFaceModel } from '@chiaro/faces';
import { openDataset, writeFaces } from '@chiaro/faces/node';
import { decodePixels } from '@chiaro/render';
import { progress } from './evaluate/progress.mjs';
import { wholeNumbersOf } from './options.mjs';
import { tiles, writeSheet } from './synthesis/sheet.mjs';

const { values: options } = parseArgs({
  options: {
    out: { type: 'string' },
    kind: { type: 'string', default: 'faces' },
    count: { type: 'string', default: '100' },
    size: { type: 'string', default: '128' },
    spp: { type: 'string', default: '64' },
    depth: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    shard: { type: 'string', default: '64' },
    model: { type: 'string' },
    looks: { type: 'boolean', default: false },
    sheet: { type: 'string', default: '6' },
  },
});
if (options.out === undefined) throw new Error('--out names the folder');
const [count, size, spp, depth, seed, shardSize, rows] = wholeNumbersOf(options, [
  'count',
  'size',
  'spp',
  'depth',
  'seed',
  'shard',
  'sheet',
]);
const looks = options.looks
  ? { backgrounds: ['constant', 'gradient', 'environment'], hair: 0.7, glasses: 0.25, hands: 0.15, sensor: true }
  : {};
const common = { size, seed, looks };
const kinds = {
  faces: () => faceSet({ count, ...common }),
  grid: () => faceGrid({ identities: count, ...common }),
  caricatures: () => caricatureGrid({ identities: count, ...common }),
  clips: () => faceClips({ clips: count, ...common }),
  stage: () => lightStage({ frames: count, ...common }),
};
if (!Object.hasOwn(kinds, options.kind)) throw new Error(`--kind is one of ${Object.keys(kinds).join(', ')}`);
const plan = kinds[options.kind]();

const model = await loadFaceModel(options.model === undefined ? {} : { path: options.model });
const done = progress(Math.ceil(plan.count / shardSize));
const started = performance.now();
await writeFaces(options.out, model, plan, {
  ...{ spp, depth, shardSize },
  onProgress: (samples) => done(`${samples} of ${plan.count} faces`),
});
process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1)} s\n`);

const set = await openDataset(options.out);
const strips = [];
for (let k = 0; k < Math.min(rows, set.length); k++) {
  const sample = await set.sample(k);
  const face = Object.fromEntries(Object.entries(sample).map(([name, { data }]) => [name, data]));
  const whole = {
    ...face,
    scene: JSON.parse(new TextDecoder().decode(face.scene)),
    residual: face.traced.map((x, i) => x - face.local[i]),
  };
  const photograph = (await decodePixels(Uint8Array.from(face.photograph))).data;
  const names = ['traced', 'local', 'residual', 'albedo', 'normals', 'depth', 'uv', 'parts'];
  strips.push([photograph, ...names.map((name) => tiles[name](whole))]);
}
if (strips.length > 0) await writeSheet(join(options.out, 'sheet.png'), strips, size);
process.exit(0); // the GPU's threads would keep the process
