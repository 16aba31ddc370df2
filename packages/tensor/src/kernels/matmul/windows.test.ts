import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { hostArrays, noise, runProgram, testProfile } from '../runProgram.testing.js';
import { chooseMatmul } from './choose.js';
import { matmulKernel, splitMatmul, type MatmulProfile, type MatmulSpec } from './matmul.js';

let usable: MatmulProfile[];
beforeAll(async () => {
  const p = await testProfile();
  usable = [{ kind: 'hardware', subgroups: true }];
  if (p.subgroups) usable.push({ kind: 'software', subgroups: true, subgroupMinSize: 4 });
  if (p.subgroups && p.subgroupMinSize >= 8) usable.push({ kind: 'software', subgroups: true, subgroupMinSize: 8 });
});

interface Convolution {
  readonly B: number;
  readonly C: number;
  readonly O: number;
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly dilation: number;
  /** Kernels are turned round: they are read backwards. */
  readonly turned: boolean;
}

const windows = ({ size, kernel, stride, dilation }: Convolution): [number, number] => [
  Math.floor((size[0] - dilation * (kernel[0] - 1) - 1) / stride) + 1,
  Math.floor((size[1] - dilation * (kernel[1] - 1) - 1) / stride) + 1,
];

/** Kernels [O, C kh kw] times the windows of images [B, C, H, W]. */
function specOf(c: Convolution): MatmulSpec {
  const [H, W] = c.size;
  const [height, width] = windows(c);
  const [kh, kw] = c.kernel;
  const K = c.C * kh * kw;
  const way = c.turned ? -1 : 1;
  return {
    batch: [c.B],
    M: c.O,
    N: height * width,
    K,
    a: { dtype: 'float32', offset: 0, strides: [[0], K, 1] },
    b: {
      dtype: 'float32',
      offset: c.turned ? c.dilation * ((kh - 1) * W + kw - 1) : 0,
      strides: [[c.C * H * W], 0, 0],
      nest: {
        rows: [
          { size: c.C, stride: H * W },
          { size: kh, stride: way * c.dilation * W },
          { size: kw, stride: way * c.dilation },
        ],
        cols: [
          { size: height, stride: c.stride * W },
          { size: width, stride: c.stride },
        ],
      },
    },
  };
}

/** The convolution in plain loops. */
function convolve(c: Convolution, weights: Float32Array, images: Float32Array): Float64Array {
  const [H, W] = c.size;
  const [height, width] = windows(c);
  const [kh, kw] = c.kernel;
  const out = new Float64Array(c.B * c.O * height * width);
  for (let at = 0; at < out.length; at++) {
    const [x, y] = [at % width, Math.floor(at / width) % height];
    const [o, b] = [Math.floor(at / (width * height)) % c.O, Math.floor(at / (width * height * c.O))];
    for (let i = 0; i < c.C; i++) {
      for (let p = 0; p < kh; p++) {
        for (let q = 0; q < kw; q++) {
          const [down, right] = c.turned ? [kh - 1 - p, kw - 1 - q] : [p, q];
          const pixel = ((b * c.C + i) * H + y * c.stride + down * c.dilation) * W + x * c.stride + right * c.dilation;
          out[at] += weights[((o * c.C + i) * kh + p) * kw + q] * images[pixel];
        }
      }
    }
  }
  return out;
}

function expectNear(found: ArrayLike<number>, expected: Float64Array, tolerance: number): void {
  expect(found).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(found[i] - expected[i]) <= tolerance)) {
      expect.fail(`element ${i} is ${found[i]} instead of ${expected[i]}`);
    }
  }
}

const inputsOf = (c: Convolution): [Float32Array, Float32Array] => [
  noise(c.O * c.C * c.kernel[0] * c.kernel[1], 1),
  noise(c.B * c.C * c.size[0] * c.size[1], 2),
];

describe('products with windows', () => {
  it('are convolutions, in every variant, and so is their reference', async () => {
    const int = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
    const shape = fc.record({
      B: int(1, 3),
      C: int(1, 9),
      O: fc.oneof(fc.constant(1), int(1, 40)),
      kernel: fc.tuple(int(1, 3), int(1, 4)),
      more: fc.tuple(int(0, 12), int(0, 12)),
      stride: int(1, 4),
      dilation: int(1, 3),
      turned: fc.boolean(),
      variant: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ more, variant, ...rest }) => {
        const size = rest.kernel.map((k, d) => rest.dilation * (k - 1) + 1 + more[d]) as [number, number];
        const c: Convolution = { ...rest, size };
        const kernel = matmulKernel(specOf(c), usable[variant % usable.length]);
        const inputs = inputsOf(c);
        const expected = convolve(c, ...inputs);
        expectNear(kernel.reference(hostArrays(inputs))[0], expected, 1e-12);
        expectNear((await runProgram(kernel, inputs)).outputs[0], expected, 2e-5);
      }),
      { seed: 3, numRuns: 50 },
    );
  });

  it('fold the batch into columns where images are small, epilogues included', async () => {
    const c: Convolution = { B: 5, C: 3, O: 4, size: [4, 5], kernel: [2, 3], stride: 1, dilation: 1, turned: false };
    const spec: MatmulSpec = {
      ...specOf(c),
      epilogue: {
        code: /* wgsl */ `fn finish(batch: u32, row: u32, col: u32, acc: f32) {
          y[(batch * 4u + row) * 9u + col] = 2.0 * acc;
        }`,
        buffers: [{ name: 'y', ref: { kind: 'output', index: 0 }, element: 'f32', access: 'read_write' }],
        uniforms: {},
        outputs: [{ shape: [5, 4, 9], dtype: 'float32' }],
        reference: (product) => [product.map((v) => 2 * v)],
      },
    };
    const inputs = inputsOf(c);
    const expected = convolve(c, ...inputs).map((v) => 2 * v);
    for (const profile of usable) {
      const kernel = matmulKernel(spec, profile);
      expect(kernel.dispatches[0].label).toContain(`4 x 18 x 45`);
      expectNear((await runProgram(kernel, inputs)).outputs[0], expected, 2e-5);
    }
  });

  it('split long sums', async () => {
    // the gradient of a kernel: as large as the image, three places
    const c: Convolution = {
      B: 1,
      C: 4,
      O: 1,
      size: [32, 35],
      kernel: [32, 33],
      stride: 1,
      dilation: 1,
      turned: false,
    };
    const inputs = inputsOf(c);
    for (const O of [1, 3]) {
      const many = { ...c, O };
      const weights = noise(O * 4 * 32 * 33, 1);
      for (const profile of usable) {
        expect(chooseMatmul(specOf(many), profile).splits).toBeGreaterThan(1);
        const { outputs } = await runProgram(matmulKernel(specOf(many), profile), [weights, inputs[1]]);
        expectNear(outputs[0], convolve(many, weights, inputs[1]), 2e-4);
      }
    }
  });

  it('are cut by batch entries and kernels, never inside of windows', async () => {
    const c: Convolution = { B: 6, C: 3, O: 5, size: [9, 8], kernel: [3, 3], stride: 2, dilation: 1, turned: true };
    const [weights, images] = inputsOf(c);
    const result = new Float32Array(6 * 5 * 4 * 3);
    const pieces = splitMatmul(specOf(c), { maxBindingBytes: 2048, bindingAlignment: 256 });
    expect(pieces.length).toBeGreaterThan(2);
    for (const piece of pieces) {
      expect([piece.ranges.N, piece.ranges.K]).toEqual([
        [0, 12],
        [0, 27],
      ]);
      const given = [weights.slice(piece.a.start, piece.a.end), images.slice(piece.b.start, piece.b.end)];
      const old = result.slice(piece.c.start, piece.c.end);
      for (const each of [...given, old]) expect(each.byteLength).toBeLessThanOrEqual(2048);
      const kernel = matmulKernel(piece.spec, usable[0]);
      const outputs = [{ shape: [old.length], dtype: 'float32' as const }];
      const run = await runProgram({ ...kernel, outputs }, given, { initial: [old] });
      result.set(run.outputs[0], piece.c.start);
    }
    expectNear(result, convolve(c, weights, images), 2e-5);
  });
});
