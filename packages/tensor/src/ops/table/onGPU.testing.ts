import { afterAll, describe, expect, test } from 'vitest';
import { deviceLike, readOn } from '../../device/gpu/variant.testing.js';
import type { AdapterProfile } from '../../device/profile.js';
import { operationTable } from './index.js';
import { buildCall, gpuError, hasMethod, mismatch, sampleOf, seedFor } from './run.js';

/**
 * Declares the tests of the whole table on the GPU of this process: `samples` calls of every operation, with kernels as
 * for the adapter, or for one that differs in its profile.
 */
export function testTableOnGPU(seed: number, samples: number, profile: Partial<AdapterProfile> = {}): void {
  const started = performance.now();
  const device = lazily(() => deviceLike(profile));

  describe.each(Object.entries(operationTable))('%s on the GPU', (_, family) => {
    test.each(family.map((o) => [o.name, o] as const))('%s', async (name, operation) => {
      const drawn = Array.from({ length: samples }, (_, i) => {
        // the first one plain, so that a failure there says: not the views
        const options = i === 0 ? {} : { views: 0.4, empty: 0.05, special: 0.3, otherDTypes: 0.4 };
        return sampleOf(operation, seedFor(seed, name, i), options);
      });
      const calls = drawn.map((sample, i) => buildCall(sample, i % 3 === 1 && hasMethod(sample)));
      const results = await Promise.all(calls.map(async ({ outputs }) => readOn(await device(), outputs)));
      drawn.forEach((sample, i) => {
        const wrong = mismatch(sample, calls[i]!.outputs, results[i]!, gpuError(sample));
        if (wrong !== undefined) expect.soft(undefined, wrong).toBe('right');
      });
    });
  });

  afterAll(async () => {
    const { pipelines, profile: used } = await device();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`operation table on ${used.name} (${used.kind}): ${pipelines.size} kernels, ${seconds} s\n`);
  });
}

const lazily = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};
