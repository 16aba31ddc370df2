import { ShapeError } from '../../errors.js';
import * as t from '../../index.js';
import { Draw, specialValues, type Input } from './draw.js';
import {
  alongLines,
  broadcastAt,
  broadcastShape,
  cast,
  dimList,
  foldDims,
  fromFront,
  generate,
  hostReshape,
  isReal,
  type HostTensor,
} from './host.js';
import { noDimension, operation, smooth, type Operation } from './operation.js';
import { badDims, reduced } from './reductions.js';

const real = (x: HostTensor): HostTensor => (isReal(x.dtype) ? x : cast(x, 'float32'));

/** Sum of squared deviations over n - correction, and the mean square as its scale. */
function varianceOf(
  x: HostTensor,
  dims: number | readonly number[] | undefined,
  keepdim: boolean,
  correction = 1,
): HostTensor {
  const axes = dimList(dims, x.shape.length);
  const over = (fn: (v: number, mean: number) => number) =>
    foldDims(real(x), axes, keepdim, real(x).dtype, (values) => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return values.reduce((sum, v) => sum + fn(v, mean), 0) / Math.max(0, values.length - correction);
    });
  return { ...over((v, mean) => (v - mean) ** 2), scale: over((v) => v * v).data };
}

/** Arguments whose elements differ: an expanded view would have no deviation at all. */
const deviating = (draw: Draw) => {
  const plain = new Draw(draw.int(0, 1e9));
  return [plain.input([plain.int(2, 5), plain.int(2, 5)]), plain.pick([undefined, 0, [0, 1]]), plain.chance()] as const;
};

const deviations = (name: 'variance' | 'std', torch: string, fn: (x: HostTensor) => HostTensor): Operation =>
  operation({
    name,
    torch,
    sample: (draw) =>
      [...reduced(draw, [-4, 4], ['int32', 'uint32', 'float16']), draw.pick([undefined, 0, 1])] as const,
    reference: (x, dims, keepdim, correction) => fn(varianceOf(x, dims, keepdim, correction)),
    tolerance: { ulp: 32, absolute: name === 'std' ? 2e-6 : 0 },
    gradient: { ...smooth(), sample: deviating },
    bad: badDims('variance', t[name]),
  });

/** Inputs of a norm that are not near 0, where it has a kink. */
const awayFromZero = (draw: Draw) => {
  const p = draw.pick([undefined, 1, 2, 3, 1.5, 0.5, Infinity, -Infinity, 0]);
  const shape = draw.shape(draw.int(0, 3)).map((n) => Math.max(n, 1));
  return [
    draw.input(
      shape,
      'float32',
      draw.pick([
        [0.5, 4],
        [-4, -0.5],
      ]),
    ),
    p,
    draw.dims(shape.length),
    draw.chance(),
  ];
};

const place = (name: 'argMax' | 'argMin', torch: string, before: (a: number, b: number) => boolean): Operation =>
  operation({
    name,
    torch,
    sample(draw) {
      const shape = draw.shape();
      const dim = shape.length === 0 || draw.chance(0.3) ? undefined : draw.dim(shape.length);
      const lines = shape.map((n, d) => (dim === undefined || d === fromFront(dim, shape.length) ? Math.max(n, 1) : n));
      // few different values, so that equal ones meet
      const x = draw.input(lines, draw.dtype(['int32', 'uint32', 'float16', 'bool']), [-2, 2], specialValues);
      return [x, dim, draw.chance()] as const;
    },
    reference(x, dim, keepdim) {
      const source = dim === undefined ? hostReshape(x, [x.data.length]) : x;
      const d = dim === undefined ? 0 : fromFront(dim, x.shape.length);
      const found = alongLines(source, d, 'int32', (line) => {
        const nan = line.findIndex(Number.isNaN);
        return [nan >= 0 ? nan : line.reduce((best, v, i) => (before(v, line[best]!) ? i : best), 0)];
      });
      const kept = dim === undefined ? x.shape.map(() => 1) : found.shape;
      const gone = dim === undefined ? [] : found.shape.filter((_, k) => k !== d);
      return hostReshape(found, keepdim ? kept : gone);
    },
    bad: [
      {
        what: 'no elements',
        call: () => t[name](t.zeros([2, 0]), 1),
        error: ShapeError,
        message: new RegExp(`${name}.*no elements.*\\[2, 0\\]`),
      },
      noDimension(name, t[name]),
    ],
  });

/** Deviations, norms and places of extremes. */
export const statisticsOperations = [
  deviations('variance', 'var', (v) => v),
  deviations('std', 'std', (v) => ({ ...v, data: v.data.map(Math.sqrt), scale: v.scale!.map(Math.sqrt) })),
  operation({
    name: 'norm',
    torch: 'norm',
    sample(draw) {
      const p = draw.pick([undefined, 1, 2, 2, 3, 1.5, Infinity, -Infinity, 0]);
      const [x, dims, keepdim] = reduced(draw, [-4, 4], ['int32', 'float16']);
      const none =
        Math.abs(p ?? 2) === Infinity && dimList(dims, x.value.shape.length).some((d) => x.value.shape[d] === 0);
      return [x, none ? 2 : p, dims, keepdim] as const;
    },
    reference: (x, p = 2, dims, keepdim) =>
      foldDims(real(x), dimList(dims, x.shape.length), keepdim, real(x).dtype, (values) => {
        const sizes = values.map(Math.abs);
        if (p === Infinity) return sizes.reduce((a, b) => Math.max(a, b));
        if (p === -Infinity) return sizes.reduce((a, b) => Math.min(a, b));
        if (p === 0) return sizes.filter((v) => v !== 0).length;
        return sizes.reduce((sum, v) => sum + v ** p, 0) ** (1 / p);
      }),
    tolerance: { ulp: 32 },
    gradient: { ...smooth(), sample: awayFromZero },
    bad: [
      ...badDims('norm', (x, dims) => t.norm(x, 2, dims)),
      {
        what: 'a negative power',
        call: () => t.norm(t.zeros([2]), -1),
        error: ShapeError,
        message: /norm: p must be 0 or more.*-1/,
      },
    ],
  }),
  operation({
    name: 'cdist',
    torch: 'cdist',
    sample(draw) {
      const k = draw.int(1, 4);
      const [batch, dtype] = [draw.shape(draw.int(0, 2), 3), draw.dtype(['int32', 'float16'])];
      const points = (): Input => draw.input([...draw.part(batch), draw.int(0, 5), k], dtype);
      return [points(), points(), draw.pick([undefined, 0, 1, 2, 3, 1.5, Infinity])] as const;
    },
    reference(x, y, p = 2) {
      const [n, m, k] = [x.shape.at(-2)!, y.shape.at(-2)!, x.shape.at(-1)!];
      const batch = broadcastShape([x.shape.slice(0, -2), y.shape.slice(0, -2)]);
      const [from, to] = [real(x), real(y)];
      return generate([...batch, n, m], real(x).dtype, (at) => {
        const sizes = Array.from({ length: k }, (_, c) => {
          const [i, j] = at.slice(-2) as [number, number];
          return Math.abs(broadcastAt(from, [...at.slice(0, -2), i, c]) - broadcastAt(to, [...at.slice(0, -2), j, c]));
        });
        if (p === Infinity) return Math.max(...sizes);
        if (p === 0) return sizes.filter((v) => v !== 0).length;
        return sizes.reduce((sum, v) => sum + v ** p, 0) ** (1 / p);
      });
    },
    tolerance: { ulp: 32, absolute: 1e-6 },
    gradient: {
      ...smooth(0, 1),
      // whole numbers and halves apart, so that no coordinates agree
      sample(draw) {
        const points = (rest: number): Input =>
          draw.inputOf([draw.int(1, 4), 3], 'float32', () => draw.int(-3, 3) + rest);
        return [points(0), points(0.5), draw.pick([1, 2, 3])] as const;
      },
    },
    bad: [
      {
        what: 'rows of different lengths',
        call: () => t.cdist(t.zeros([2, 3]), t.zeros([2, 4])),
        error: ShapeError,
        message: /cdist.*\[2, 3\].*\[2, 4\]/,
      },
      {
        what: 'a negative power',
        call: () => t.cdist(t.zeros([2, 3]), t.zeros([2, 3]), -2),
        error: ShapeError,
        message: /cdist: p must be 0 or more.*-2/,
      },
    ],
  }),
  place('argMax', 'argmax', (a, b) => a > b),
  place('argMin', 'argmin', (a, b) => a < b),
];
