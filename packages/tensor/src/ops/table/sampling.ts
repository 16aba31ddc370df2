import { DTypeError, ShapeError } from '../../errors.js';
import * as t from '../../index.js';
import type { Draw } from './draw.js';
import { elementAt, generate, type HostTensor } from './host.js';
import { operation, smooth, type OperationTolerance } from './operation.js';

type Four = readonly [number, number, number, number];

/** Images whose pixels are looked up, of [B, C, H, W]. */
const imageShape = (draw: Draw): Four => [
  draw.chance(draw.options.empty ?? 0) ? 0 : draw.int(1, 2),
  draw.int(1, 3),
  draw.int(1, 6),
  draw.int(1, 6),
];

const modes = ['bilinear', 'nearest'] as const;
const paddings = ['zeros', 'border', 'reflection'] as const;

interface Lookup {
  readonly mode: (typeof modes)[number];
  readonly padding: (typeof paddings)[number];
  readonly alignCorners: boolean;
  readonly units: 'relative' | 'pixels';
}

/** A coordinate whose place lies between the middle and the edge of a pixel, inside of images or up to two sizes away. */
function coordinate(draw: Draw, n: number, { alignCorners, units }: Lookup): number {
  const place = draw.int(-2 * n, 3 * n) + draw.pick([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]);
  if (units === 'pixels') return Math.fround(place + 0.5);
  if (!alignCorners) return Math.fround((2 * place + 1) / n - 1);
  return Math.fround(n === 1 ? place : (2 * place) / (n - 1) - 1);
}

/** Where a coordinate looks, in pixels. */
function placeOf(g: number, n: number, { padding, alignCorners, units }: Lookup): number {
  let at = units === 'pixels' ? g - 0.5 : alignCorners ? ((g + 1) / 2) * (n - 1) : ((g + 1) * n - 1) / 2;
  if (padding === 'reflection') {
    const [low, high] = alignCorners ? [0, n - 1] : [-0.5, n - 0.5];
    if (low === high) return 0;
    while (at < low || at > high) at = at < low ? 2 * low - at : 2 * high - at;
  }
  return padding === 'zeros' ? at : Math.min(Math.max(at, 0), n - 1);
}

/** Every pixel of n that gives to a place, and how much. */
function givers(at: number, n: number, { mode, padding }: Lookup): (readonly [pixel: number, part: number])[] {
  const first = mode === 'nearest' ? Math.round(at) : Math.floor(at);
  const all = mode === 'nearest' ? ([[first, 1]] as const) : ([[first, 1 - (at - first)], [first + 1, at - first]] as const); // prettier-ignore
  const kept = padding === 'zeros' ? all.filter(([k]) => k >= 0 && k < n) : all;
  return kept.map(([k, part]) => [Math.min(Math.max(k, 0), n - 1), part]);
}

/** Places are numbers of up to 20 pixels, known to 2^-20 of one: pixels that differ by 8 differ there by this. */
const between: OperationTolerance = { ulp: 8, absolute: 4e-5 };

/** Pixels of images at other places: what resizing and warping are made of. */
export const samplingOperations = [
  operation({
    name: 'gridSample',
    torch: 'nn.functional.grid_sample',
    sample(draw) {
      const [B, C, H, W] = imageShape(draw);
      const options = {
        ...{ mode: draw.pick(modes), padding: draw.pick(paddings), alignCorners: draw.chance() },
        units: draw.pick(['relative', 'pixels'] as const),
      };
      let k = 0;
      const grid = draw.stored([B, draw.int(1, 3), draw.int(1, 3), 2], 'float32', () =>
        coordinate(draw, k++ % 2 === 0 ? W : H, options),
      );
      return [draw.input([B, C, H, W], draw.dtype(['float16'])), grid, options] as const;
    },
    reference(x, grid, options) {
      const [B, C, H, W] = x.shape as unknown as Four;
      const [, height, width] = grid.shape as unknown as Four;
      const look = (of: (v: number) => number): HostTensor =>
        generate([B, C, height, width], x.dtype, ([b, c, i, j]) => {
          const along = (d: 0 | 1, n: number): (readonly [number, number])[] =>
            givers(placeOf(elementAt(grid, [b!, i!, j!, d]), n, options), n, options);
          let sum = 0;
          for (const [row, down] of along(1, H)) {
            for (const [column, right] of along(0, W)) sum += down * right * of(elementAt(x, [b!, c!, row, column]));
          }
          return sum;
        });
      return { ...look((v) => v), scale: look(Math.abs).data };
    },
    tolerance: between,
    gradient: smooth(0, 1),
    bad: [
      {
        what: 'a grid for another batch',
        call: () => t.gridSample(t.zeros([2, 1, 4, 4]), t.zeros([1, 3, 3, 2])),
        error: ShapeError,
        message: /gridSample.*\[2, H, W, 2\].*\[2, 1, 4, 4\].*\[1, 3, 3, 2\]/,
      },
      {
        what: 'a grid of whole numbers',
        call: () => t.gridSample(t.zeros([1, 1, 4, 4]), t.zeros([1, 3, 3, 2], { dtype: 'int32' })),
        error: DTypeError,
        message: /gridSample.*grid.*int32/,
      },
      {
        what: 'images of nothing',
        call: () => t.gridSample(t.zeros([1, 1, 0, 4]), t.zeros([1, 3, 3, 2])),
        error: ShapeError,
        message: /gridSample.*0 x 4/,
      },
    ],
  }),
  operation({
    name: 'resizeNearest',
    torch: 'nn.functional.interpolate(mode="nearest")',
    sample(draw) {
      const [B, C, H, W] = imageShape(draw);
      const size = (n: number): number => (draw.chance() ? n * draw.int(1, 3) : draw.int(1, 9));
      return [draw.input([B, C, H, W], draw.dtype(['float16'])), [size(H), size(W)] as const] as const;
    },
    reference(x, [height, width]) {
      const [B, C, H, W] = x.shape as unknown as Four;
      return generate([B, C, height, width], x.dtype, ([b, c, i, j]) =>
        elementAt(x, [b!, c!, Math.floor((i! * H) / height), Math.floor((j! * W) / width)]),
      );
    },
    gradient: smooth(),
    bad: [
      {
        what: 'a size of nothing',
        call: () => t.resizeNearest(t.zeros([1, 1, 5, 5]), [0, 3]),
        error: ShapeError,
        message: /resizeNearest.*size.*\[0,3\]/,
      },
      {
        what: 'images of nothing',
        call: () => t.resizeNearest(t.zeros([1, 1, 5, 0]), [2, 3]),
        error: ShapeError,
        message: /resizeNearest.*5 x 0/,
      },
    ],
  }),
  operation({
    name: 'adaptiveAvgPool2d',
    torch: 'nn.functional.adaptive_avg_pool2d',
    sample(draw) {
      const size = draw.chance(0.3) ? draw.int(1, 4) : ([draw.int(1, 7), draw.int(1, 7)] as const);
      return [draw.input(imageShape(draw), draw.dtype(['float16'])), size] as const;
    },
    reference(x, size) {
      const [B, C, H, W] = x.shape as unknown as Four;
      const [height, width] = typeof size === 'number' ? [size, size] : size;
      const window = (i: number, n: number, m: number): number[] => {
        const [from, to] = [Math.floor((i * m) / n), Math.ceil(((i + 1) * m) / n)];
        return Array.from({ length: to - from }, (_, k) => from + k);
      };
      const average = (of: (v: number) => number): HostTensor =>
        generate([B, C, height, width], x.dtype, ([b, c, i, j]) => {
          const [rows, columns] = [window(i!, height, H), window(j!, width, W)];
          const all = rows.flatMap((row) => columns.map((column) => of(elementAt(x, [b!, c!, row, column]))));
          return all.reduce((s, v) => s + v, 0) / all.length;
        });
      return { ...average((v) => v), scale: average(Math.abs).data };
    },
    tolerance: { ulp: 8 },
    gradient: smooth(),
    bad: [
      {
        what: 'images of nothing',
        call: () => t.adaptiveAvgPool2d(t.zeros([1, 1, 0, 4]), 2),
        error: ShapeError,
        message: /adaptiveAvgPool2d.*0 x 4/,
      },
      {
        what: 'a size of nothing',
        call: () => t.adaptiveAvgPool2d(t.zeros([1, 1, 4, 4]), 0),
        error: ShapeError,
        message: /adaptiveAvgPool2d.*size.*0/,
      },
    ],
  }),
];
