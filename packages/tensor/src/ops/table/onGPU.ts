import { afterAll, describe, expect, test } from 'vitest';
import { acquireDevice, releaseDevice } from '../../runtime/devices.js';
import { operationTable } from './index.js';
import { buildCall, gpuError, hasMethod, mismatch, sampleOf, seedFor } from './run.js';

/** Declares the tests of the whole table on the GPU of this process: `samples` calls of every operation. */
export function testTableOnGPU(seed: number, samples: number): void {
  const started = performance.now();

  describe.each(Object.entries(operationTable))('%s on the GPU', (_, family) => {
    test.each(family.map((o) => [o.name, o] as const))('%s', async (name, operation) => {
      const drawn = Array.from({ length: samples }, (_, i) => {
        // the first one plain, so that a failure there says: not the views
        const options = i === 0 ? {} : { views: 0.4, empty: 0.05, special: 0.3, otherDTypes: 0.4 };
        return sampleOf(operation, seedFor(seed, name, i), options);
      });
      const calls = drawn.map((sample, i) => buildCall(sample, i % 3 === 1 && hasMethod(sample)));
      const results = await Promise.all(calls.map(({ outputs }) => Promise.all(outputs.map((o) => o.data()))));
      drawn.forEach((sample, i) => {
        const wrong = mismatch(sample, calls[i]!.outputs, results[i]!, gpuError(sample));
        if (wrong !== undefined) expect.soft(undefined, wrong).toBe('right');
      });
    });
  });

  afterAll(async () => {
    const { pipelines, profile } = await acquireDevice();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`operation table on ${profile.name}: ${pipelines.size} kernels, ${seconds} s`);
    releaseDevice();
  });
}
