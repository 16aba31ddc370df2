import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halfBits, hostArrays, noise, runProgram, testProfile, type GpuArray } from '../runProgram.testing.js';
import { sortKernel, sortPairs, type SortProfile, type SortSpec } from './sort.js';

const software: SortProfile = { kind: 'software' };
const hardware: SortProfile = { kind: 'hardware' };

/** Values with many repetitions and, for floats, every special value. */
function fill(dtype: SortSpec['dtype'], n: number, seed: number): GpuArray {
  const x = noise(n, seed, 40).map(Math.round);
  if (dtype === 'bool') return Uint32Array.from(x, (v) => v & 1);
  if (dtype === 'int32') return Int32Array.from(x, (v) => v * 50_000_000);
  if (dtype === 'uint32') return Uint32Array.from(x, (v) => v * 50_000_000);
  const special = [NaN, -0, 0, Infinity, -Infinity, 0.5, -0.5];
  const reals = x.map((v, i) => special[v] ?? v + (i % 3) / 4);
  return dtype === 'float16' ? halfBits(reals) : reals;
}

const sameBits = (a: number, b: number): boolean => Object.is(a, b);

async function check(spec: SortSpec, profile: SortProfile): Promise<void> {
  const x = fill(spec.dtype, spec.outer * spec.length * (spec.inner ?? 1), 1);
  const kernel = sortKernel(spec, profile);
  const { outputs } = await runProgram(kernel, [x]);
  const [values, indices] = kernel.reference(hostArrays([x]));
  expect(Array.from(outputs[1])).toEqual(Array.from(indices));
  expect(Array.from(outputs[0]).every((v, i) => sameBits(v, values[i]))).toBe(true);
}

describe('sort', () => {
  it('agrees with a stable sort on the host over random shapes, dtypes and directions', async () => {
    const { shaderF16 } = await testProfile();
    const cases = fc.record({
      outer: fc.integer({ min: 1, max: 5 }),
      length: fc.oneof(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 25, max: 400 }), fc.constantFrom(2048, 5000)),
      inner: fc.integer({ min: 1, max: 3 }),
      dtype: fc.constantFrom<SortSpec['dtype']>(
        'float32',
        'int32',
        'uint32',
        'bool',
        shaderF16 ? 'float16' : 'float32',
      ),
      descending: fc.boolean(),
      keep: fc.double({ min: 0.01, max: 1, noNaN: true }),
      profile: fc.constantFrom(software, hardware),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ keep, profile, ...shape }) => {
        await check({ ...shape, stable: true, topk: Math.ceil(keep * shape.length) }, profile);
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it('sorts a million floats', async () => {
    const n = 1 << 20;
    const x = noise(n, 5, 1e6);
    const kernel = sortKernel({ outer: 1, length: n, dtype: 'float32', descending: false, stable: true });
    const { outputs } = await runProgram(kernel, [x]);
    const expected = x.slice().sort();
    expect(outputs[0].every((v, i) => v === expected[i])).toBe(true);
    expect(outputs[1].every((at, i) => x[at] === expected[i])).toBe(true);
  });

  it('takes rows of nothing and of one element, and many rows', async () => {
    for (const [outer, length] of [
      [0, 5],
      [3, 0],
      [3, 1],
      [70_000, 3],
    ] as const) {
      await check({ outer, length, dtype: 'float32', descending: false, stable: true }, software);
    }
  });

  it('sorts denormals and huge magnitudes by value', async () => {
    const x = Float32Array.from([1e-45, -1e-45, 3.4e38, -3.4e38, 1e-40, 0, -1e-40, 1]);
    const kernel = sortKernel({ outer: 1, length: 8, dtype: 'float32', descending: false, stable: true });
    expect(Array.from((await runProgram(kernel, [x])).outputs[0])).toEqual(Array.from(x.slice().sort()));
  });
});

describe('sortPairs', () => {
  it('keeps payloads with their keys, stably, over any number of bits', async () => {
    const cases = fc.record({
      rows: fc.integer({ min: 1, max: 4 }),
      length: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(3000)),
      bits: fc.integer({ min: 1, max: 32 }),
      profile: fc.constantFrom(software, hardware),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ rows, length, bits, profile }) => {
        const n = rows * length;
        const keys = Uint32Array.from({ length: n }, (_, i) => Math.imul(i % 97, 2654435761) >>> (32 - bits));
        const payload = Uint32Array.from({ length: n }, (_, i) => i ^ 0xabcd);
        const kernel = sortPairs({ rows, length, bits }, profile);
        expect((await runProgram(kernel, [keys, payload])).outputs).toEqual(kernel.reference([keys, payload]));
      }),
      { seed: 4, numRuns: 25 },
    );
  });
});
