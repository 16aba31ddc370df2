import { DTypeError, ShapeError } from '../../errors.js';
import * as t from '../../index.js';
import type { Draw, Input } from './draw.js';
import { elementAt, forEachCoordinate, generate, positionOf, type HostTensor } from './host.js';
import { operation, smooth } from './operation.js';

type Both<T> = readonly [T, T];
type Sides = Both<Both<number>>;

/** A pair as the operations take it: sometimes one number where both are equal. */
const pair = (draw: Draw, low: number, high: number): number | Both<number> =>
  draw.chance(0.3) ? draw.int(low, high) : [draw.int(low, high), draw.int(low, high)];
const both = (p: number | Both<number>): Both<number> => (typeof p === 'number' ? [p, p] : p);

/** Padding up to `most` per dimension, in one of its three forms. */
function padding(draw: Draw, most: Both<number>): number | Both<number> | Sides {
  if (draw.chance(0.3)) return draw.int(0, Math.min(...most));
  if (draw.chance(0.3)) return [draw.int(0, most[0]), draw.int(0, most[1])];
  const side = (d: 0 | 1): Both<number> => [draw.int(0, most[d]), draw.int(0, most[d])];
  return [side(0), side(1)];
}
function sides(p: number | Both<number> | Sides): Sides {
  const [y, x] = typeof p === 'number' ? [p, p] : p;
  return [typeof y === 'number' ? [y, y] : y, typeof x === 'number' ? [x, x] : x];
}

/** Images that windows of a span fit into. */
function images(draw: Draw, channels: number, span: Both<number>, pads: Sides): Input {
  const size = (d: 0 | 1): number => Math.max(1, span[d] - pads[d][0] - pads[d][1]) + draw.int(0, 4);
  const B = draw.chance(draw.options.empty ?? 0) ? 0 : draw.int(1, 2);
  return draw.input([B, channels, size(0), size(1)], draw.dtype(['float16']), [-4, 4]);
}

/** Windows of an image: `fold` sees the positions that lie inside it and, as undefined, those around it. */
function overWindows(
  x: HostTensor,
  kernel: Both<number>,
  stride: Both<number>,
  pads: Sides,
  dilation: Both<number>,
  channels: number,
  fold: (b: number, c: number, inside: readonly (Both<number> | undefined)[]) => number,
): HostTensor {
  const count = (d: 0 | 1): number =>
    Math.floor((x.shape[d + 2]! + pads[d][0] + pads[d][1] - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1;
  return generate([x.shape[0]!, channels, count(0), count(1)], x.dtype, ([b, c, oy, ox]) => {
    const places: (Both<number> | undefined)[] = [];
    for (let ky = 0; ky < kernel[0]; ky++) {
      for (let kx = 0; kx < kernel[1]; kx++) {
        const y = oy! * stride[0] + ky * dilation[0] - pads[0][0];
        const z = ox! * stride[1] + kx * dilation[1] - pads[1][0];
        places.push(y >= 0 && y < x.shape[2]! && z >= 0 && z < x.shape[3]! ? [y, z] : undefined);
      }
    }
    return fold(b!, c!, places);
  });
}

interface Layout {
  readonly stride: number | Both<number>;
  readonly padding: number | Both<number> | Sides;
}

function pooling(draw: Draw): readonly [Input, number | Both<number>, Layout] {
  const size = pair(draw, 1, 3);
  const kernel = both(size);
  const amounts = padding(draw, [kernel[0] >> 1, kernel[1] >> 1]);
  const x = images(draw, draw.int(1, 3), kernel, sides(amounts));
  return [x, size, { stride: pair(draw, 1, 4), padding: amounts }];
}

const values = (x: HostTensor, b: number, c: number, places: readonly (Both<number> | undefined)[]): number[] =>
  places.flatMap((p) => (p ? [elementAt(x, [b, c, ...p])] : []));

/** Where pixel i of n lies among m pixels, and the two next to it. */
function placeIn(i: number, n: number, m: number, centres: t.PixelCentres): { a: number; b: number; f: number } {
  const raw = {
    halfPixel: ((i + 0.5) * m) / n - 0.5,
    aligned: n > 1 ? (i * (m - 1)) / (n - 1) : 0,
    origin: (i * m) / n,
  };
  const at = Math.max(0, raw[centres]);
  const a = Math.min(Math.floor(at), m - 1);
  return { a, b: Math.min(a + 1, m - 1), f: Math.fround(at - a) };
}

/** Convolution and what goes with it. */
export const convolutionOperations = [
  operation({
    name: 'conv2d',
    torch: 'nn.functional.conv2d',
    sample(draw) {
      const groups = draw.chance(0.5) ? 1 : draw.int(2, 3);
      const [perGroup, kernelsPerGroup] = [draw.chance(0.4) ? 1 : draw.int(1, 3), draw.int(1, 3)];
      const kernel = draw.chance(0.2) ? ([1, 1] as const) : ([draw.int(1, 3), draw.int(1, 3)] as const);
      const dilation = draw.chance(0.7) ? 1 : pair(draw, 1, 3);
      const amounts = padding(draw, [2, 2]);
      const span = kernel.map((k, d) => both(dilation)[d]! * (k - 1) + 1) as unknown as Both<number>;
      const x = images(draw, groups * perGroup, span, sides(amounts));
      const O = groups * kernelsPerGroup;
      const weight = draw.input([O, perGroup, ...kernel]);
      const bias = draw.chance() ? draw.input([O]) : null;
      return [x, weight, bias, { stride: pair(draw, 1, 3), padding: amounts, dilation, groups }] as const;
    },
    reference(x, weight, bias, { stride, padding: amounts, dilation, groups }) {
      const [O, perGroup, kh, kw] = weight.shape as [number, number, number, number];
      const correlate = (size: (v: number) => number): HostTensor =>
        overWindows(x, [kh, kw], both(stride), sides(amounts), both(dilation), O, (b, o, places) => {
          const group = Math.floor(o / (O / groups));
          let total = bias ? size(bias.data[o]!) : 0;
          for (let i = 0; i < perGroup; i++) {
            places.forEach((p, k) => {
              if (!p) return;
              const w = elementAt(weight, [o, i, Math.floor(k / kw), k % kw]);
              total += size(w * elementAt(x, [b, group * perGroup + i, ...p]));
            });
          }
          return total;
        });
      return { ...correlate((v) => v), scale: correlate(Math.abs).data };
    },
    tolerance: { ulp: 8 },
    gradient: smooth(0, 1, 2),
    bad: [
      {
        what: 'channels that do not fit',
        call: () => t.conv2d(t.zeros([1, 3, 5, 5]), t.zeros([4, 2, 3, 3])),
        error: ShapeError,
        message: /conv2d.*\[1, 3, 5, 5\].*\[4, 2, 3, 3\].*1 groups/,
      },
      {
        what: 'a kernel larger than the image',
        call: () => t.conv2d(t.zeros([1, 1, 2, 5]), t.zeros([1, 1, 3, 3])),
        error: ShapeError,
        message: /conv2d.*3 x 3.*2 x 5/,
      },
      {
        what: 'an image without batch',
        call: () => t.conv2d(t.zeros([1, 5, 5]), t.zeros([1, 1, 3, 3])),
        error: ShapeError,
        message: /conv2d.*\[B, C, H, W\].*\[1, 5, 5\].*unsqueeze/,
      },
      {
        what: 'integers',
        call: () => t.conv2d(t.zeros([1, 1, 5, 5], { dtype: 'int32' }), t.zeros([1, 1, 3, 3])),
        error: DTypeError,
        message: /conv2d.*int32.*float32/,
      },
      {
        what: 'a bias of another length',
        call: () => t.conv2d(t.zeros([1, 1, 5, 5]), t.zeros([2, 1, 3, 3]), t.zeros([3])),
        error: ShapeError,
        message: /conv2d.*bias.*\[2\].*\[3\]/,
      },
      {
        what: 'a stride of 0',
        call: () => t.conv2d(t.zeros([1, 1, 5, 5]), t.zeros([1, 1, 3, 3]), null, { stride: [1, 0] }),
        error: ShapeError,
        message: /conv2d.*stride.*\[1,0\]/,
      },
      {
        what: 'negative padding',
        call: () => t.conv2d(t.zeros([1, 1, 5, 5]), t.zeros([1, 1, 3, 3]), null, { padding: -1 }),
        error: ShapeError,
        message: /conv2d.*padding.*-1/,
      },
    ],
  }),
  operation({
    name: 'convTranspose2d',
    torch: 'nn.functional.conv_transpose2d',
    sample(draw) {
      const groups = draw.chance(0.5) ? 1 : draw.int(2, 3);
      const I = groups * draw.int(1, 2);
      const kernel = [draw.int(1, 3), draw.int(1, 4)] as const;
      const stride = pair(draw, 1, 3);
      const dilation = draw.chance(0.7) ? 1 : pair(draw, 1, 3);
      const extra = [0, 1].map((d) =>
        draw.int(0, Math.max(both(stride)[d]!, both(dilation)[d]!) - 1),
      ) as unknown as Both<number>;
      const amounts = padding(draw, [1, 1]);
      // images large enough that padding leaves something
      const x = images(draw, I, [3, 3], [[0, 0], [0, 0]]); // prettier-ignore
      const weight = draw.input([I, draw.int(1, 3), ...kernel]);
      const bias = draw.chance() ? draw.input([groups * weight.value.shape[1]!]) : null;
      return [x, weight, bias, { stride, padding: amounts, outputPadding: extra, dilation, groups }] as const;
    },
    reference(x, weight, bias, { stride, padding: amounts, outputPadding, dilation, groups }) {
      const [B, I, H, W] = x.shape as [number, number, number, number];
      const [, perGroup, kh, kw] = weight.shape as [number, number, number, number];
      const [s, p, d] = [both(stride), sides(amounts), both(dilation)];
      const size = ([H, W] as const).map(
        (n, k) => s[k]! * (n - 1) + d[k]! * ([kh, kw][k]! - 1) + 1 - p[k]![0] - p[k]![1] + outputPadding[k]!,
      ) as unknown as Both<number>;
      const transposed = (of: (v: number) => number): HostTensor => {
        const out = generate([B, groups * perGroup, ...size], x.dtype, ([, o]) => (bias ? of(bias.data[o!]!) : 0));
        forEachCoordinate([B, I, H, W, perGroup, kh, kw], ([b, i, y, z, o, ky, kx]) => {
          const at = [y! * s[0] + ky! * d[0] - p[0][0], z! * s[1] + kx! * d[1] - p[1][0]] as const;
          if (at[0] < 0 || at[0] >= size[0] || at[1] < 0 || at[1] >= size[1]) return;
          const channel = Math.floor(i! / (I / groups)) * perGroup + o!;
          const term = elementAt(x, [b!, i!, y!, z!]) * elementAt(weight, [i!, o!, ky!, kx!]);
          out.data[positionOf(out.shape, [b!, channel, ...at])]! += of(term);
        });
        return out;
      };
      return { ...transposed((v) => v), scale: transposed(Math.abs).data };
    },
    tolerance: { ulp: 8 },
    gradient: smooth(0, 1, 2),
    bad: [
      {
        what: 'kernels for other channels',
        call: () => t.convTranspose2d(t.zeros([1, 3, 5, 5]), t.zeros([2, 4, 3, 3])),
        error: ShapeError,
        message: /convTranspose2d.*\[1, 3, 5, 5\].*\[2, 4, 3, 3\].*1 groups/,
      },
      {
        what: 'a bias of another length',
        call: () => t.convTranspose2d(t.zeros([1, 2, 5, 5]), t.zeros([2, 4, 3, 3]), t.zeros([2])),
        error: ShapeError,
        message: /convTranspose2d.*bias.*\[4\].*\[2\]/,
      },
      {
        what: 'rows that nothing adds to',
        call: () => t.convTranspose2d(t.zeros([1, 1, 5, 5]), t.zeros([1, 1, 3, 3]), null, { outputPadding: [0, 1] }),
        error: ShapeError,
        message: /convTranspose2d.*outputPadding of 0 x 1.*stride/,
      },
      {
        what: 'padding that takes everything',
        call: () => t.convTranspose2d(t.zeros([1, 1, 1, 5]), t.zeros([1, 1, 3, 3]), null, { padding: 2 }),
        error: ShapeError,
        message: /convTranspose2d.*1 x 5.*-1 x 3/,
      },
    ],
  }),
  operation({
    name: 'maxPool2d',
    torch: 'nn.functional.max_pool2d',
    sample: pooling,
    reference: (x, size, { stride, padding: amounts }) =>
      overWindows(x, both(size), both(stride), sides(amounts), [1, 1], x.shape[1]!, (b, c, places) =>
        Math.max(...values(x, b, c, places)),
      ),
    gradient: { inputs: [0], second: true },
    bad: [
      {
        what: 'padding of a whole window',
        call: () => t.maxPool2d(t.zeros([1, 1, 5, 5]), 2, { padding: 2 }),
        error: ShapeError,
        message: /maxPool2d.*padding of 2.*half of the window 2 x 2/,
      },
    ],
  }),
  operation({
    name: 'avgPool2d',
    torch: 'nn.functional.avg_pool2d',
    sample(draw) {
      const [x, size, layout] = pooling(draw);
      return [x, size, { ...layout, countIncludePad: draw.chance() }] as const;
    },
    reference(x, size, { stride, padding: amounts, countIncludePad }) {
      const average = (of: (v: number) => number): HostTensor =>
        overWindows(x, both(size), both(stride), sides(amounts), [1, 1], x.shape[1]!, (b, c, places) => {
          const inside = values(x, b, c, places);
          return inside.reduce((s, v) => s + of(v), 0) / (countIncludePad ? places.length : inside.length);
        });
      return { ...average((v) => v), scale: average(Math.abs).data };
    },
    tolerance: { ulp: 4 },
    gradient: smooth(),
    bad: [
      {
        what: 'a window larger than the image',
        call: () => t.avgPool2d(t.zeros([1, 1, 5, 2]), 3),
        error: ShapeError,
        message: /avgPool2d.*3 x 3.*5 x 2/,
      },
    ],
  }),
  operation({
    name: 'resizeBilinear',
    torch: 'nn.functional.interpolate(mode="bilinear")',
    sample(draw) {
      const x = images(draw, draw.int(1, 2), [1, 1], [[0, 0], [0, 0]]); // prettier-ignore
      const centres = draw.pick(['halfPixel', 'aligned', 'origin'] as const);
      return [x, [draw.int(1, 8), draw.int(1, 8)] as const, { centres }] as const;
    },
    reference(x, [height, width], { centres }) {
      const [B, C, H, W] = x.shape as [number, number, number, number];
      const resize = (of: (v: number) => number): HostTensor =>
        generate([B, C, height, width], x.dtype, ([b, c, i, j]) => {
          const [y, z] = [placeIn(i!, height, H, centres), placeIn(j!, width, W, centres)];
          const at = (row: number, column: number): number => of(elementAt(x, [b!, c!, row, column]));
          const above = (1 - z.f) * at(y.a, z.a) + z.f * at(y.a, z.b);
          return (1 - y.f) * above + y.f * ((1 - z.f) * at(y.b, z.a) + z.f * at(y.b, z.b));
        });
      return { ...resize((v) => v), scale: resize(Math.abs).data };
    },
    tolerance: { ulp: 8 },
    gradient: smooth(),
    bad: [
      {
        what: 'a size of nothing',
        call: () => t.resizeBilinear(t.zeros([1, 1, 5, 5]), [0, 3]),
        error: ShapeError,
        message: /resizeBilinear.*size.*\[0,3\]/,
      },
      {
        what: 'images of nothing',
        call: () => t.resizeBilinear(t.zeros([1, 1, 0, 5]), [2, 3]),
        error: ShapeError,
        message: /resizeBilinear.*0 x 5/,
      },
    ],
  }),
  operation({
    name: 'batchNorm',
    torch: 'nn.functional.batch_norm(training=False)',
    sample(draw) {
      const x = draw.input([draw.int(1, 2), draw.int(1, 4), ...draw.shape(draw.int(0, 2), 4)], draw.dtype(['float16']));
      const channels = [x.value.shape[1]!];
      const affine = (): Input | null => (draw.chance() ? draw.input(channels) : null);
      const [mean, variance] = [draw.input(channels), draw.input(channels, 'float32', [0.1, 4])];
      return [x, mean, variance, affine(), affine(), draw.chance() ? { eps: 0.01 } : undefined] as const;
    },
    reference(x, mean, variance, weight, bias, options) {
      const inverse = (c: number): number =>
        (weight ? weight.data[c]! : 1) / Math.sqrt(variance.data[c]! + (options?.eps ?? 1e-5));
      const part = (of: (v: number) => number): HostTensor =>
        generate(x.shape, x.dtype, (at, p) => {
          const c = at[1]!;
          return (of(x.data[p]!) + of(-mean.data[c]!)) * of(inverse(c)) + (bias ? of(bias.data[c]!) : 0);
        });
      return { ...part((v) => v), scale: part(Math.abs).data };
    },
    tolerance: { ulp: 8 },
    gradient: smooth(0, 1, 2, 3, 4),
    bad: [
      {
        what: 'statistics of other channels',
        call: () => t.batchNorm(t.zeros([2, 3, 4]), t.zeros([3]), t.ones([4])),
        error: ShapeError,
        message: /batchNorm: variance.*\[2, 3, 4\].*\[4\]/,
      },
    ],
  }),
];
