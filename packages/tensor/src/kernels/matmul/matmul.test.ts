import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { sizeOf } from '../../shape.js';
import { halfBits, hostArrays, noise, runProgram, testProfile, type GpuArray } from '../runProgram.testing.js';
import { chooseMatmul } from './choose.js';
import {
  matmulKernel,
  splitMatmul,
  type MatmulDType,
  type MatmulOperand,
  type MatmulProfile,
  type MatmulSpec,
} from './matmul.js';
import { matmulReference } from './reference.js';

type Layout = 'rows' | 'columns' | 'strided';

/** Families that can be forced on any adapter. */
const profiles: Record<string, MatmulProfile> = {
  direct: { kind: 'software', subgroups: true, subgroupMinSize: 8 },
  quad: { kind: 'software', subgroups: true, subgroupMinSize: 4 },
  tiled: { kind: 'hardware', subgroups: true },
};
let usable: MatmulProfile[];
beforeAll(async () => {
  const p = await testProfile();
  usable = [profiles.tiled];
  if (p.subgroups) usable.push(profiles.quad);
  if (p.subgroups && p.subgroupMinSize >= 8) usable.push(profiles.direct);
});

/** An operand of [batch..., rows, cols] in some layout, and the elements its buffer needs. `share` zeroes batch strides. */
function operand(
  batch: readonly number[],
  [rows, cols]: readonly [number, number],
  o: { layout?: Layout; offset?: number; share?: readonly boolean[]; dtype?: MatmulDType } = {},
): { operand: MatmulOperand; elements: number } {
  const { layout = 'rows', offset = 0, share = [], dtype = 'float32' } = o;
  const [row, col] = layout === 'rows' ? [cols, 1] : layout === 'columns' ? [1, rows] : [cols * 2 + 3, 2];
  let next = (rows - 1) * row + (cols - 1) * col + 1;
  const strides = batch.map(() => 0);
  for (let i = batch.length - 1; i >= 0; i--) {
    if (share[i]) continue;
    strides[i] = next;
    next *= batch[i];
  }
  return { operand: { dtype, offset, strides: [strides, row, col] }, elements: offset + next };
}

/** Largest difference from the reference in units of the sum of |a| |b|, which rounding errors are relative to. */
async function relativeError(spec: MatmulSpec, profile: MatmulProfile, a: GpuArray, b: GpuArray): Promise<number> {
  const kernel = matmulKernel(spec, profile);
  const { outputs } = await runProgram(kernel, [a, b]);
  const [x, y] = hostArrays([a, b]);
  const exact = matmulReference(spec, x, y);
  const scale = matmulReference(spec, x.map(Math.abs), y.map(Math.abs));
  let worst = 0;
  outputs[0].forEach((v, i) => (worst = Math.max(worst, Math.abs(v - exact[i]) / (scale[i] || 1))));
  return worst;
}

describe('matmul', () => {
  it('agrees with float64 over random shapes, layouts and broadcasts, in every variant', async () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(1, 4, 16, 32, 33, 64));
    const layout = fc.constantFrom<Layout>('rows', 'columns', 'strided');
    const cases = fc.record({
      batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
      sizes: fc.tuple(size, size, size),
      layouts: fc.tuple(layout, layout),
      share: fc.tuple(fc.boolean(), fc.boolean()),
      offsets: fc.tuple(fc.constantFrom(0, 4, 7), fc.constantFrom(0, 8, 3)),
      variant: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ batch, sizes: [M, N, K], layouts, share, offsets, variant }) => {
        const a = operand(batch, [M, K], { layout: layouts[0], offset: offsets[0], share: [share[0], false] });
        const b = operand(batch, [K, N], { layout: layouts[1], offset: offsets[1], share: [share[1], share[0]] });
        const spec: MatmulSpec = { batch, M, N, K, a: a.operand, b: b.operand };
        const error = await relativeError(
          spec,
          usable[variant % usable.length],
          noise(a.elements, 1),
          noise(b.elements, 2),
        );
        expect(error).toBeLessThan(1e-6);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('keeps the error of long sums below 1e-5', async () => {
    const [M, N, K] = [16, 32, 9216];
    const spec: MatmulSpec = { batch: [], M, N, K, a: operand([], [M, K]).operand, b: operand([], [K, N]).operand };
    const positive = (n: number, seed: number): Float32Array => noise(n, seed).map((x) => x + 1.5);
    for (const profile of usable) {
      expect(await relativeError(spec, profile, positive(M * K, 1), positive(K * N, 2))).toBeLessThan(1e-6);
    }
  });

  it('splits long K over workgroups, with the same bits every time', async () => {
    const [M, N, K] = [5, 37, 4100];
    const spec: MatmulSpec = { batch: [2], M, N, K, a: operand([2], [M, K]).operand, b: operand([2], [K, N]).operand };
    const inputs = [noise(2 * M * K, 1), noise(2 * K * N, 2)];
    for (const profile of usable) {
      expect(chooseMatmul(spec, profile).splits).toBeGreaterThan(1);
      expect(await relativeError(spec, profile, inputs[0], inputs[1])).toBeLessThan(1e-6);
      const [one, two] = [0, 1].map(() => runProgram(matmulKernel(spec, profile), inputs));
      expect((await one).outputs[0]).toEqual((await two).outputs[0]);
    }
  });

  it('multiplies integers exactly, wrapping at 32 bits', async () => {
    const [M, N, K] = [17, 9, 30];
    for (const dtype of ['int32', 'uint32'] as const) {
      const spec: MatmulSpec = {
        batch: [],
        M,
        N,
        K,
        a: operand([], [M, K], { dtype }).operand,
        b: operand([], [K, N], { dtype, layout: 'columns' }).operand,
      };
      const bits = (n: number, seed: number): Uint32Array =>
        Uint32Array.from({ length: n }, (_, i) => Math.imul(i + seed, 2654435761));
      const inputs = [bits(M * K, 1), bits(K * N, 2)].map((x) => (dtype === 'int32' ? new Int32Array(x.buffer) : x));
      for (const profile of usable.slice(dtype === 'int32' ? 0 : -1)) {
        const kernel = matmulKernel(spec, profile);
        expect((await runProgram(kernel, inputs)).outputs[0]).toEqual(kernel.reference(inputs)[0]);
      }
    }
  });

  it('reads and writes float16, summing in float32', async () => {
    const p = await testProfile();
    if (!p.shaderF16) return;
    const [M, N, K] = [20, 36, 600];
    const half = { dtype: 'float16' } as const;
    const spec: MatmulSpec = {
      batch: [],
      M,
      N,
      K,
      a: operand([], [M, K], half).operand,
      b: operand([], [K, N], half).operand,
    };
    const inputs = [halfBits(noise(M * K, 1)), halfBits(noise(K * N, 2))];
    expect(await relativeError({ ...spec, dtype: 'float32' }, usable[0], inputs[0], inputs[1])).toBeLessThan(1e-6);
    for (const profile of usable.slice(-2)) {
      expect(await relativeError(spec, profile, inputs[0], inputs[1])).toBeLessThan(5e-4);
    }
  });

  it('hands every element to an epilogue with its coordinates, K split or not', async () => {
    const origin = [10, 20] as const;
    for (const K of [24, 2048]) {
      const [M, N] = [19, 35];
      const spec: MatmulSpec = {
        batch: [2],
        M,
        N,
        K,
        a: operand([2], [M, K]).operand,
        b: operand([2], [K, N], { share: [true] }).operand,
        origin,
        epilogue: {
          code: /* wgsl */ `fn finish(batch: u32, row: u32, col: u32, acc: f32) {
            y[(batch * 19u + row - 10u) * 35u + col - 20u] = max(acc + bias[col - 20u] * u.e_scale, 0.0);
          }`,
          buffers: [
            { name: 'bias', ref: { kind: 'input', index: 2 }, element: 'f32', access: 'read' },
            { name: 'y', ref: { kind: 'output', index: 0 }, element: 'f32', access: 'read_write' },
          ],
          uniforms: { e_scale: { type: 'f32', value: 2 } },
          outputs: [{ shape: [2, M, N], dtype: 'float32' }],
          reference: (product, inputs) => [product.map((v, i) => Math.max(v + inputs[2][i % N] * 2, 0))],
        },
      };
      const inputs = [noise(2 * M * K, 1), noise(K * N, 2), noise(N, 3)];
      for (const profile of usable) {
        const kernel = matmulKernel(spec, profile);
        const { outputs } = await runProgram(kernel, inputs);
        const [expected] = kernel.reference(hostArrays(inputs));
        outputs[0].forEach((v, i) => expect(Math.abs(v - expected[i])).toBeLessThan(1e-6 * K));
      }
    }
  });

  it('takes more workgroups than one dimension holds, and empty products', async () => {
    const batch = [70_000];
    const spec: MatmulSpec = {
      batch,
      M: 1,
      N: 2,
      K: 2,
      a: operand(batch, [1, 2]).operand,
      b: operand(batch, [2, 2]).operand,
    };
    expect(await relativeError(spec, profiles.direct, noise(140_000, 1), noise(280_000, 2))).toBeLessThan(1e-6);

    const empty = (M: number, N: number, K: number): MatmulSpec => ({
      batch: [],
      M,
      N,
      K,
      a: operand([], [M, K]).operand,
      b: operand([], [K, N]).operand,
    });
    for (const profile of usable) {
      const zeros = await runProgram(matmulKernel(empty(3, 5, 0), profile), [noise(4, 1), noise(4, 1)]);
      expect([...zeros.outputs[0]]).toEqual(new Array(15).fill(0));
      const none = await runProgram(matmulKernel(empty(0, 5, 3), profile), [noise(4, 1), noise(15, 1)]);
      expect(none.outputs[0]).toHaveLength(0);
    }
  });
});

describe('splitMatmul', () => {
  /** Runs the pieces as the engine will: each on its windows only, writing into one output. */
  async function runPieces(
    spec: MatmulSpec,
    maxBindingBytes: number,
    a: Float32Array,
    b: Float32Array,
  ): Promise<Float32Array> {
    const result = new Float32Array(sizeOf(spec.batch) * spec.M * spec.N);
    for (const piece of splitMatmul(spec, { maxBindingBytes, bindingAlignment: 256 })) {
      const windows = [a.slice(piece.a.start, piece.a.end), b.slice(piece.b.start, piece.b.end)];
      const old = result.slice(piece.c.start, piece.c.end);
      for (const w of [...windows, old]) expect(w.byteLength).toBeLessThanOrEqual(maxBindingBytes);
      const kernel = matmulKernel(piece.spec, usable[0]);
      const outputs = [{ shape: [old.length], dtype: 'float32' as const }];
      const run = await runProgram({ ...kernel, outputs }, windows, { initial: [old] });
      result.set(run.outputs[0], piece.c.start);
    }
    return result;
  }

  it('cuts along N, K, M and batch until every window fits', async () => {
    const sizes = { batch: [3], M: 30, N: 150, K: 170 };
    const layouts: [Layout, Layout, string][] = [
      ['rows', 'columns', 'N'],
      ['rows', 'rows', 'K'],
    ];
    for (const [la, lb, axis] of layouts) {
      const a = operand(sizes.batch, [sizes.M, sizes.K], { layout: la, offset: 5 });
      const b = operand(sizes.batch, [sizes.K, sizes.N], { layout: lb, share: [true] });
      const spec: MatmulSpec = { ...sizes, a: a.operand, b: b.operand };
      const inputs = [noise(a.elements, 1), noise(b.elements, 2)] as const;
      const limit = 60_000;
      const pieces = splitMatmul(spec, { maxBindingBytes: limit, bindingAlignment: 256 });
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces.some((p) => p.ranges[axis as 'N' | 'K'][0] > 0)).toBe(true);
      const [exact] = matmulKernel(spec, usable[0]).reference(hostArrays(inputs));
      (await runPieces(spec, limit, ...inputs)).forEach((v, i) => expect(Math.abs(v - exact[i])).toBeLessThan(1e-4));
    }
  });

  it('leaves what fits whole, and cuts the fc6 weight of AlexNet in two', () => {
    const spec: MatmulSpec = {
      batch: [],
      M: 8,
      N: 4096,
      K: 9216,
      a: operand([], [8, 9216]).operand,
      b: operand([], [9216, 4096]).operand,
    };
    expect(splitMatmul(spec, { maxBindingBytes: 1 << 28, bindingAlignment: 256 })).toHaveLength(1);
    const pieces = splitMatmul(spec, { maxBindingBytes: 1 << 27, bindingAlignment: 256 });
    expect(pieces.map((p) => [p.ranges.K, p.spec.accumulate])).toEqual([
      [[0, 4608], false],
      [[4608, 9216], true],
    ]);
  });
});
