import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { hostArrays, noise, runProgram, testProfile } from '../runProgram.testing.js';
import { matmulKernel, splitMatmul, type MatmulProfile, type MatmulSpec } from './matmul.js';

let usable: MatmulProfile[];
beforeAll(async () => {
  const { subgroups } = await testProfile();
  usable = [
    { kind: 'hardware', subgroups: true },
    { kind: 'software', subgroups },
  ];
});

type Pair = readonly [number, number];

/** Every group sums over C channels into one; zeros lie around the images, which memory holds without. */
interface Depthwise {
  readonly B: number;
  readonly groups: number;
  readonly C: number;
  readonly size: Pair;
  readonly kernel: Pair;
  readonly before: Pair;
  readonly count: Pair;
  readonly strideDown: number;
  readonly dilationDown: number;
  /** Dilation across, and the stride in units of it. */
  readonly step: number;
  readonly hop: number;
}

/** Images [B, groups, C, H, W], kernels [groups, C, kh, kw]. */
function specOf(d: Depthwise): MatmulSpec {
  const [H, W] = d.size;
  const K = d.C * d.kernel[0] * d.kernel[1];
  return {
    batch: [d.B, d.groups],
    M: 1,
    N: d.count[0] * d.count[1],
    K,
    a: { dtype: 'float32', offset: 0, strides: [[0, K], K, 1] },
    b: {
      dtype: 'float32',
      offset: 0,
      strides: [[d.groups * d.C * H * W, d.C * H * W], 0, 0],
      windows: {
        channels: { size: d.C, stride: H * W },
        pixels: [
          { size: H, stride: W },
          { size: W, stride: 1 },
        ],
        taps: d.kernel,
        count: d.count,
        before: d.before,
        stride: [d.strideDown, d.step * d.hop],
        dilation: [d.dilationDown, d.step],
      },
    },
  };
}

/** The convolution in plain loops, over images that do have the zeros around them. */
function convolve(d: Depthwise, kernels: Float32Array, images: Float32Array): Float64Array {
  const [H, W] = d.size;
  const [kh, kw] = d.kernel;
  const wide = [0, 1].map((i) => 90 + d.size[i] + d.before[i]) as [number, number];
  const out: number[] = [];
  for (let z = 0; z < d.B * d.groups; z++) {
    const padded = Array.from({ length: d.C }, (_, c) => {
      const plane = new Float64Array(wide[0] * wide[1]);
      for (let y = 0; y < H; y++) {
        for (let x = 0; x < W; x++) {
          plane[(y + d.before[0]) * wide[1] + x + d.before[1]] = images[((z * d.C + c) * H + y) * W + x];
        }
      }
      return plane;
    });
    for (let y = 0; y < d.count[0]; y++) {
      for (let x = 0; x < d.count[1]; x++) {
        let sum = 0;
        for (let k = 0; k < d.C * kh * kw; k++) {
          const [c, p, q] = [Math.floor(k / (kh * kw)), Math.floor(k / kw) % kh, k % kw];
          const pixel = (y * d.strideDown + p * d.dilationDown) * wide[1] + (x * d.hop + q) * d.step;
          sum += kernels[(z % d.groups) * d.C * kh * kw + k] * padded[c][pixel];
        }
        out.push(sum);
      }
    }
  }
  return Float64Array.from(out);
}

function expectNear(found: ArrayLike<number>, expected: Float64Array, tolerance: number): void {
  expect(found).toHaveLength(expected.length);
  const worst = expected.reduce(
    (most, v, i) => Math.max(most, Math.abs(found[i] - v) || (found[i] === v ? 0 : NaN)),
    0,
  );
  expect(worst).toBeLessThanOrEqual(tolerance);
}

const inputsOf = (d: Depthwise): [Float32Array, Float32Array] => [
  noise(d.groups * d.C * d.kernel[0] * d.kernel[1], 1),
  noise(d.B * d.groups * d.C * d.size[0] * d.size[1], 2),
];

describe('products with sliding windows', () => {
  it('are convolutions of images with zeros around them, on every kind of adapter, and so is their reference', async () => {
    const int = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
    const shape = fc.record({
      B: int(1, 3),
      groups: int(1, 4),
      C: int(1, 3),
      size: fc.tuple(int(1, 12), int(1, 21)),
      kernel: fc.tuple(int(1, 4), int(2, 4)),
      before: fc.tuple(int(0, 4), int(0, 4)),
      // so many that some windows lie beside the images
      count: fc.tuple(int(1, 9), int(1, 11)),
      strideDown: int(1, 3),
      dilationDown: int(1, 2),
      step: int(1, 2),
      hop: int(1, 3),
      variant: fc.nat(1),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ variant, ...d }) => {
        const kernel = matmulKernel(specOf(d), usable[variant]);
        const inputs = inputsOf(d);
        const expected = convolve(d, ...inputs);
        expectNear(kernel.reference(hostArrays(inputs))[0], expected, 1e-12);
        expectNear((await runProgram(kernel, inputs)).outputs[0], expected, 2e-5);
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it('are cut by images, whose windows hold whole images', async () => {
    const d: Depthwise = {
      B: 5,
      groups: 2,
      C: 2,
      size: [9, 10],
      kernel: [3, 3],
      before: [1, 1],
      count: [9, 10],
      strideDown: 1,
      dilationDown: 1,
      step: 1,
      hop: 1,
    };
    const [kernels, images] = inputsOf(d);
    const result = new Float32Array(d.B * d.groups * 90);
    const pieces = splitMatmul(specOf(d), { maxBindingBytes: 4096, bindingAlignment: 256 });
    expect(pieces.length).toBeGreaterThan(2);
    for (const piece of pieces) {
      const given = [kernels.slice(piece.a.start, piece.a.end), images.slice(piece.b.start, piece.b.end)];
      const old = result.slice(piece.c.start, piece.c.end);
      for (const each of [...given, old]) expect(each.byteLength).toBeLessThanOrEqual(4096);
      const outputs = [{ shape: [old.length], dtype: 'float32' as const }];
      const kernel = matmulKernel(piece.spec, usable[0]);
      const run = await runProgram({ ...kernel, outputs }, given, { initial: [old] });
      result.set(run.outputs[0], piece.c.start);
    }
    expectNear(result, convolve(d, kernels, images), 2e-5);
  });
});
