// A process of tools/prove-queue.mjs: program.mjs write|work URL FOLDER COUNT LOG. Samples cost 60 ms and depend on their number only.
import { appendFileSync } from 'node:fs';
import { queuedSamples, workSamples, writeDataset } from '@chiaro/faces/node';

const [role, url, folder, counted, log] = process.argv.slice(2);
const count = Number(counted);
const settings = { proof: 1, count };

/** Sample `index`: 4096 numbers. */
export const sampleOf = (index) => ({
  values: { shape: [4096], data: Float32Array.from({ length: 4096 }, (_, k) => Math.sin(1 + index * 4096 + k)) },
});

if (role === 'work') {
  await workSamples({
    ...{ url, folder, settings, lockSeconds: 3 },
    make: async (index) => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return sampleOf(index);
    },
    onSample: (index) => appendFileSync(log, `${index}\n`),
  });
} else if (role === 'write') {
  const samples = await queuedSamples({ url, folder, settings, count, ahead: 32 });
  const made = { count, shardSize: 16, settings, make: samples.make };
  await writeDataset(folder, { ...made, onProgress: (written) => void samples.written(written) });
  await samples.finish();
}
