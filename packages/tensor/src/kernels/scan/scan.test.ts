import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halfBits, hostArrays, noise, runProgram, testProfile, type GpuArray } from '../runProgram.testing.js';
import { scanKernel, type ScanSpec } from './scan.js';

const fill: Record<ScanSpec['dtype'], (n: number, seed: number) => GpuArray> = {
  float32: noise,
  float16: (n, seed) => halfBits(noise(n, seed)),
  int32: (n, seed) => Int32Array.from(noise(n, seed, 2 ** 31)),
  uint32: (n, seed) => Uint32Array.from(noise(n, seed, 2 ** 31), (v) => v + 2 ** 31),
};

/** Runs a scan and compares it with its reference: integers and max/min exactly, sums within rounding. */
async function check(
  spec: ScanSpec,
  x: GpuArray = fill[spec.dtype](spec.outer * spec.length * spec.inner, 1),
): Promise<void> {
  const kernel = scanKernel(spec);
  const { outputs } = await runProgram(kernel, [x]);
  const [expected] = kernel.reference(hostArrays([x]));
  const tolerance = spec.dtype === 'float16' ? 0.03 : spec.dtype === 'float32' && /sum|prod/.test(spec.op) ? 1e-5 : 0;
  const wrong = Array.from(outputs[0]).findIndex((v, i) => {
    const e = expected[i];
    return Number.isNaN(e) ? !Number.isNaN(v) : v !== e && !(Math.abs(v - e) <= tolerance * Math.max(1, Math.abs(e)));
  });
  const report = wrong < 0 ? 'equal' : `element ${wrong}: ${outputs[0][wrong]} instead of ${expected[wrong]}`;
  expect(report).toBe('equal');
}

describe('scan', () => {
  it('agrees with the reference over random shapes, operations and directions', async () => {
    const cases = fc.record({
      op: fc.constantFrom('sum', 'prod', 'max', 'min'),
      outer: fc.integer({ min: 1, max: 4 }),
      length: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 257, max: 1500 })),
      inner: fc.integer({ min: 1, max: 5 }),
      dtype: fc.constantFrom<ScanSpec['dtype']>('float32', 'int32', 'uint32'),
      reverse: fc.boolean(),
      exclusive: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cases, (spec) => check(spec as ScanSpec)),
      { seed: 2, numRuns: 60 },
    );
  });

  it('sums a million elements to float32 accuracy, with the same bits every time', async () => {
    const spec: ScanSpec = { op: 'sum', outer: 1, length: 1 << 20, inner: 1, dtype: 'float32' };
    const x = noise(1 << 20, 3).map((v) => v + 1);
    const kernel = scanKernel(spec);
    const [first, second] = [await runProgram(kernel, [x]), await runProgram(kernel, [x])];
    expect(first.outputs[0].every((v, i) => v === second.outputs[0][i])).toBe(true);
    const [expected] = kernel.reference(hostArrays([x]));
    for (const i of [1000, 100_000, (1 << 20) - 1]) {
      expect(Math.abs(first.outputs[0][i] / expected[i] - 1)).toBeLessThan(2e-6);
    }
  });

  it('propagates NaN and infinities through max and min', async () => {
    const x = noise(700, 4);
    x[100] = -Infinity;
    x[300] = NaN;
    x[500] = Infinity;
    for (const op of ['max', 'min', 'sum'] as const) {
      await check({ op, outer: 1, length: 700, inner: 1, dtype: 'float32' }, x); // three passes
      await check({ op, outer: 7, length: 100, inner: 1, dtype: 'float32', reverse: true }, x); // one invocation per row
    }
  });

  it('reads and writes float16', async () => {
    if (!(await testProfile()).shaderF16) return;
    await check({ op: 'sum', outer: 2, length: 40, inner: 3, dtype: 'float16' });
  });

  it('takes one element, nothing, and more rows than one dimension of workgroups holds', async () => {
    await check({ op: 'sum', outer: 1, length: 1, inner: 1, dtype: 'float32', exclusive: true });
    await check({ op: 'sum', outer: 0, length: 5, inner: 1, dtype: 'float32' });
    await check({ op: 'sum', outer: 4, length: 0, inner: 1, dtype: 'float32' });
    await check({ op: 'max', outer: 65_536 * 65, length: 1, inner: 1, dtype: 'int32' });
  });
});
