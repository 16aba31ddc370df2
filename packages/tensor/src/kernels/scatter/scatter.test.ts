import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contiguousStrides, sizeOf } from '../../shape.js';
import { hostArrays, noise, runProgram, type GpuArray } from '../runProgram.testing.js';
import { scatterAddKernel, type ScatterAddSpec } from './scatter.js';

const indices = (n: number, rows: number, seed: number): Int32Array =>
  Int32Array.from(noise(n, seed), (v) => Math.floor(((v + 1) / 2) * (rows + 2)) - 1); // some out of range on both sides

const rowsInto = (rows: number, cols: number, sources: number, rest: Partial<ScatterAddSpec> = {}): ScatterAddSpec => ({
  base: [rows, cols],
  dim: 0,
  source: [sources, cols],
  indexStrides: [1, 0],
  dtype: 'float32',
  mode: 'deterministic',
  ...rest,
});

/** Bits, so that NaN and -0 count. */
const bitsOf = (x: ArrayLike<number>): Uint32Array => new Uint32Array(Float32Array.from(x).buffer);

describe('scatterAdd', () => {
  it('agrees with the reference over random shapes, dimensions, index views and dtypes', async () => {
    const cases = fc
      .record({
        base: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
        dim: fc.nat(3),
        along: fc.integer({ min: 1, max: 40 }),
        shrink: fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }),
        expanded: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        indexOffset: fc.nat(3),
        dtype: fc.constantFrom<ScatterAddSpec['dtype']>('float32', 'int32', 'uint32'),
        mode: fc.constantFrom<ScatterAddSpec['mode']>('deterministic', 'fast'),
        outside: fc.constantFrom<ScatterAddSpec['outside']>('skip', 'clamp'),
        zeroBase: fc.boolean(),
      })
      .map(({ base, dim: d, along, shrink, expanded, ...rest }): ScatterAddSpec => {
        const dim = d % base.length;
        const source = base.map((n, k) => (k === dim ? along : Math.max(1, n - shrink[k])));
        const stored = source.map((n, k) => (expanded[k] ? 1 : n));
        const indexStrides = contiguousStrides(stored).map((s, k) => (expanded[k] ? 0 : s));
        return { base, dim, source, indexStrides, ...rest };
      });
    await fc.assert(
      fc.asyncProperty(cases, async (spec) => {
        const make = (n: number, seed: number): GpuArray => {
          if (spec.dtype === 'float32') return noise(n, seed);
          const ints = Int32Array.from(noise(n, seed, 2 ** 31));
          return spec.dtype === 'int32' ? ints : new Uint32Array(ints.buffer);
        };
        const kernel = scatterAddKernel(spec);
        const inputs = [make(sizeOf(spec.base), 1), indices(500, spec.base[spec.dim], 2), make(sizeOf(spec.source), 3)];
        inputs[1] = indices(sizeOf(spec.source) + 3, spec.base[spec.dim], 2);
        if (spec.zeroBase) inputs.shift();
        const { outputs } = await runProgram(kernel, inputs);
        const [expected] = kernel.reference(hostArrays(inputs));
        const tolerance = spec.dtype === 'float32' ? 1e-5 : 0;
        outputs[0].forEach((v, i) => expect(Math.abs(v - expected[i])).toBeLessThanOrEqual(tolerance));
      }),
      { seed: 5, numRuns: 80 },
    );
  });

  it('gives the same bits for every order of the source, at float64 accuracy of the sums', async () => {
    const [rows, cols, n] = [50, 3, 20_000];
    const spec = rowsInto(rows, cols, n);
    const base = new Float32Array(rows * cols);
    const index = indices(n, rows, 1);
    const source = noise(n * cols, 2);
    const { outputs } = await runProgram(scatterAddKernel(spec), [base, index, source]);
    const reversed = await runProgram(scatterAddKernel(spec), [
      base,
      index.slice().reverse(),
      reverseRows(source, cols),
    ]);
    expect(bitsOf(outputs[0])).toEqual(bitsOf(reversed.outputs[0]));
    const [exact] = scatterAddKernel(spec).reference(hostArrays([base, index, source]));
    outputs[0].forEach((v, i) => expect(Math.abs(v - exact[i])).toBeLessThan(2 ** -23 * Math.abs(exact[i]) + 1e-7));
  });

  it('gives the same bits for every order where some destinations get more values than have places', async () => {
    const [rows, n] = [200, 300]; // one and a half on average, a hundred for row 7
    for (const cols of [1, 3, 32]) {
      const spec = rowsInto(rows, cols, n, { zeroBase: true });
      const index = indices(n, rows, 1).map((row, i) => (i % 3 === 0 ? 7 : row));
      const source = noise(n * cols, 2).map((v, i) => v * 2 ** -(i % 30));
      source[9 * cols] = Infinity; // into row 7
      source[cols] = NaN;
      const { outputs } = await runProgram(scatterAddKernel(spec), [index, source]);
      const reversed = await runProgram(scatterAddKernel(spec), [index.slice().reverse(), reverseRows(source, cols)]);
      expect(bitsOf(outputs[0])).toEqual(bitsOf(reversed.outputs[0]));
      const [exact] = scatterAddKernel(spec).reference(hostArrays([index, source]));
      expect(outputs[0][7 * cols]).toBe(Infinity);
      expect(outputs[0].filter((v) => !Number.isFinite(v)).length).toBe(2);
      outputs[0].forEach((v, i) => {
        if (Number.isFinite(v)) expect(Math.abs(v - exact[i])).toBeLessThan(2 ** -23 * Math.abs(exact[i]) + 1e-9);
        else expect(v).toEqual(exact[i]);
      });
    }
  });

  it('keeps the relative accuracy of tiny and of huge gradients', async () => {
    for (const scale of [1e-30, 1e-20, 1e-8, 1, 1e30]) {
      const spec = rowsInto(10, 2, 300);
      const inputs = [new Float32Array(20), indices(300, 10, 1), noise(600, 2, scale)] as const;
      const kernel = scatterAddKernel(spec);
      const { outputs } = await runProgram(kernel, inputs);
      const [exact] = kernel.reference(hostArrays(inputs));
      outputs[0].forEach((v, i) => expect(Math.abs(v - exact[i])).toBeLessThan(1e-6 * scale * 10));
    }
  });

  it('cannot overflow: every element the largest float, all into one destination', async () => {
    const n = 4096;
    const max = 2 ** 100;
    const inputs = [new Float32Array(1), new Int32Array(n), new Float32Array(n).fill(-max)];
    const { outputs } = await runProgram(scatterAddKernel(rowsInto(1, 1, n)), inputs);
    expect(outputs[0][0]).toBe(-n * max);
  });

  it('delivers NaN and infinities to their destinations and nowhere else', async () => {
    for (const mode of ['deterministic', 'fast'] as const) {
      const index = Int32Array.from([0, 1, 1, 2, 3, 4, 9, 9]);
      const source = Float32Array.from([1, Infinity, 5, -Infinity, NaN, 2, Infinity, -Infinity]);
      const base = new Float32Array(10).fill(0.5);
      const { outputs } = await runProgram(scatterAddKernel(rowsInto(10, 1, 8, { mode })), [base, index, source]);
      expect(Array.from(outputs[0])).toEqual([1.5, Infinity, -Infinity, NaN, 2.5, 0.5, 0.5, 0.5, 0.5, NaN]);
    }
  });

  it('copies the base when there is nothing to add', async () => {
    const base = noise(6, 1);
    for (const mode of ['deterministic', 'fast'] as const) {
      const none = await runProgram(scatterAddKernel(rowsInto(3, 2, 0, { mode })), [
        base,
        new Int32Array(1),
        new Float32Array(1),
      ]);
      expect(none.outputs[0]).toEqual(base);
      const zeros = await runProgram(scatterAddKernel(rowsInto(3, 2, 4, { mode })), [
        base,
        new Int32Array(4),
        new Float32Array(8),
      ]);
      expect(zeros.outputs[0]).toEqual(base);
    }
  });

  it('adds a million rows of three', async () => {
    const [rows, n] = [262_144, 1 << 20];
    const spec = rowsInto(rows, 3, n);
    const inputs = [noise(rows * 3, 1), indices(n, rows, 2), noise(n * 3, 3)];
    const kernel = scatterAddKernel(spec);
    const { outputs } = await runProgram(kernel, inputs);
    const [expected] = kernel.reference(hostArrays(inputs));
    expect(outputs[0].every((v, i) => Math.abs(v - expected[i]) < 1e-6)).toBe(true);
  });
});

function reverseRows(x: Float32Array, cols: number): Float32Array {
  return x.map((_, i) => x[(x.length / cols - 1 - Math.floor(i / cols)) * cols + (i % cols)]);
}
