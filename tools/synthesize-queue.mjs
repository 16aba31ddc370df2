/**
 * Synthetic faces with ground truth, made by many workers on many machines: one process writes the set, the others render.
 *
 *   node scripts/run.mjs tools/synthesize-queue.mjs --queue redis://HOST:6379 --out SHARED/faces [--count 100] [--size 128]
 *     [--spp 64] [--seed 1] [--shard 64] [--model FILE]                                      writes the set
 *   node scripts/run.mjs tools/synthesize-queue.mjs --worker ...the same options             renders for it
 *
 * All see the folder --out and the server (Redis 6.2 and later, or Valkey); each needs `npm install bullmq`. Any process may be
 * killed and started again. A worker ends after a minute without work.
 */
import { parseArgs } from 'node:util';
import { drawFaceScene, loadFaceModel, sampleArrays, synthesize } from '@chiaro/faces';
import { queuedSamples, workSamples, writeDataset } from '@chiaro/faces/node';
import { progress } from './evaluate/progress.mjs';
import { wholeNumbersOf } from './options.mjs';

const { values: options } = parseArgs({
  options: {
    queue: { type: 'string' },
    out: { type: 'string' },
    worker: { type: 'boolean', default: false },
    count: { type: 'string', default: '100' },
    size: { type: 'string', default: '128' },
    spp: { type: 'string', default: '64' },
    seed: { type: 'string', default: '1' },
    shard: { type: 'string', default: '64' },
    model: { type: 'string' },
  },
});
if (options.out === undefined || options.queue === undefined) throw new Error('--queue and --out are needed');
const [count, size, spp, seed, shardSize] = wholeNumbersOf(options, ['count', 'size', 'spp', 'seed', 'shard']);
const model = await loadFaceModel(options.model === undefined ? {} : { path: options.model });
const settings = { model: model.data.name, size, spp, seed };
const queue = { url: options.queue, folder: options.out, settings };
if (options.worker) {
  const made = await workSamples({
    ...queue,
    idleSeconds: 60,
    make: async (index) =>
      sampleArrays(await synthesize(model, await drawFaceScene(model, seed + index, { size }), { spp })),
    onSample: (index) => process.stderr.write(`face ${index + 1}\n`),
  });
  process.stderr.write(`${made} faces rendered\n`);
} else {
  const samples = await queuedSamples({ ...queue, count });
  const done = progress(Math.ceil(count / shardSize));
  await writeDataset(options.out, {
    ...{ count, shardSize, settings, make: samples.make },
    onProgress: (written) => {
      void samples.written(written);
      done(`${written} of ${count} faces`);
    },
  });
  await samples.finish();
}
process.exit(0); // the GPU's threads would keep the process
