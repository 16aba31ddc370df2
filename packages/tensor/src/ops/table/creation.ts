import { DTypeError, ShapeError } from '../../errors.js';
import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import type { Draw } from './draw.js';
import { convert, elementAt, generate, isReal, type HostTensor } from './host.js';
import { operation, smooth, type BadCall } from './operation.js';

const dtypes: DType[] = ['float32', 'float16', 'int32', 'uint32', 'bool'];
const badShape = (name: string, call: (shape: number[]) => unknown): BadCall => ({
  what: 'a negative size',
  call: () => call([2, -1]),
  error: ShapeError,
  message: new RegExp(`${name}.*non-negative.*\\[2, -1\\]`),
});

const filled = (name: 'zeros' | 'ones', value: number) =>
  operation({
    name,
    torch: name,
    sample: (draw) => [draw.shape(), draw.chance() ? undefined : { dtype: draw.pick(dtypes) }] as const,
    reference: (shape, options) => generate(shape, options?.dtype ?? 'float32', () => value),
    bad: [badShape('full', t[name])],
  });

const filledLike = (name: 'zerosLike' | 'onesLike', torch: string, value: number) =>
  operation({
    name,
    torch,
    sample: (draw) => [draw.input(draw.shape(), draw.pick(dtypes))] as const,
    reference: (x) => generate(x.shape, x.dtype, () => value),
  });

type Nested = number | boolean | Nested[];

/** Nested arrays of a shape (no size 0) and their elements in order. */
function nested(draw: Draw, shape: readonly number[], element: () => number | boolean): Nested {
  return shape.length === 0
    ? element()
    : Array.from({ length: shape[0]! }, () => nested(draw, shape.slice(1), element));
}

/** start + step * i, computed in float32 steps by the library. */
function sequence(start: number, step: number, count: number, dtype: DType): HostTensor {
  const values = generate([count], dtype, (at) => convert(start + step * at[0]!, 'float32', dtype));
  return { ...values, scale: values.data.map((v, i) => Math.abs(v) + Math.abs(start) + Math.abs(step * i)) };
}

/** Tensors from nothing but numbers. */
export const creationOperations = [
  operation({
    name: 'tensor',
    torch: 'tensor',
    sample(draw): [values: Nested | t.TypedArray, options?: number[] | { dtype: DType }] {
      const shape = draw.shape(draw.int(0, 3), 4).map((n) => Math.max(n, 1));
      const mode = draw.int(0, 4);
      if (mode === 0) return [nested(draw, shape, () => draw.chance())];
      const dtype = draw.pick(['int32', 'float32', 'float16'] as const);
      if (mode === 1) return [nested(draw, shape, () => draw.int(-4, 4)), { dtype }];
      if (mode === 2) return [Float32Array.from({ length: 12 }, () => draw.real()), [3, 4]];
      if (mode === 3) return [draw.pick([Int32Array.of(1, -2, 3), Uint32Array.of(1, 2), Uint8Array.of(200)])];
      return [nested(draw, shape, () => draw.real())];
    },
    reference(values, options) {
      const flat: (number | boolean)[] = [];
      const shape: number[] = [];
      const visit = (v: unknown, depth: number): void => {
        if (typeof v === 'number' || typeof v === 'boolean') return void flat.push(v);
        const list = Array.from(v as ArrayLike<unknown>);
        shape[depth] = list.length;
        list.forEach((item) => visit(item, depth + 1));
      };
      visit(values, 0);
      const own =
        values instanceof Uint32Array
          ? 'uint32'
          : values instanceof Int32Array || values instanceof Uint8Array
            ? 'int32'
            : 'float32';
      const given = options && 'dtype' in options ? options.dtype : undefined;
      const dtype = given ?? (flat.every((v) => typeof v === 'boolean') ? 'bool' : own);
      return { shape: Array.isArray(options) ? options : shape, dtype, data: Float64Array.from(flat, Number) };
    },
    gradient: false,
    bad: [
      {
        what: 'ragged arrays',
        call: () => t.tensor([[1, 2], [3]]),
        error: ShapeError,
        message: /tensor.*nested.*\[2, 2\]/,
      },
      { what: 'ragged depth', call: () => t.tensor([1, [2]]), error: ShapeError, message: /tensor.*nested/ },
      {
        what: 'too few elements',
        call: () => t.tensor([1, 2, 3], [2, 2]),
        error: ShapeError,
        message: /3 elements.*\[2, 2\]/,
      },
      {
        what: 'float64',
        call: () => t.tensor(new Float64Array(2) as unknown as Float32Array),
        error: DTypeError,
        message: /Float64Array.*Float32Array/,
      },
      {
        what: 'text',
        call: () => t.tensor(['1'] as unknown as number[]),
        error: DTypeError,
        message: /expected numbers.*string/,
      },
      { what: 'nothing', call: () => t.tensor(null as unknown as number), error: DTypeError, message: /null/ },
    ],
  }),
  operation({
    name: 'scalar',
    torch: 'scalar_tensor',
    sample(draw) {
      const dtype = draw.pick(dtypes);
      return [draw.element(dtype, [-9, 9]), dtype] as const;
    },
    reference: (value, dtype) => generate([], dtype, () => value),
  }),
  operation({
    name: 'full',
    torch: 'full',
    sample(draw) {
      const dtype = draw.pick(dtypes);
      return [draw.shape(), draw.element(dtype, [-9, 9]), { dtype }] as const;
    },
    reference: (shape, value, { dtype }) => generate(shape, dtype, () => value),
    bad: [badShape('full', (shape) => t.full(shape, 1))],
  }),
  filled('zeros', 0),
  filled('ones', 1),
  filledLike('zerosLike', 'zeros_like', 0),
  filledLike('onesLike', 'ones_like', 1),
  operation({
    name: 'arange',
    torch: 'arange',
    sample(draw): [start: number, end?: number, step?: number, options?: t.CreateOptions] {
      const mode = draw.int(0, 3);
      if (mode === 0) return [draw.int(0, 9)];
      if (mode === 1) return [draw.int(-5, 5), draw.int(-5, 9), draw.pick([1, 2, 3])];
      if (mode === 2) return [draw.int(-5, 9), draw.int(-9, 5), draw.pick([-1, -2])];
      const options = draw.pick([{}, { dtype: 'float32' }, { dtype: 'int32' }] as const);
      return [draw.int(-3, 3), draw.int(3, 9) + 0.125, draw.pick([0.25, 0.5, 1.5]), options];
    },
    reference(a, b, step = 1, options = {}) {
      const [start, end] = b === undefined ? [0, a] : [a, b];
      const dtype = options.dtype ?? ([start, end, step].every(Number.isInteger) ? 'int32' : 'float32');
      return sequence(start, step, Math.max(0, Math.ceil((end - start) / step)), dtype);
    },
    tolerance: { ulp: 2 },
    bad: [
      { what: 'a step of 0', call: () => t.arange(0, 5, 0), error: ShapeError, message: /arange.*0 to 5.*0/ },
      { what: 'no end', call: () => t.arange(0, Infinity), error: ShapeError, message: /arange.*Infinity/ },
    ],
  }),
  operation({
    name: 'linspace',
    torch: 'linspace',
    sample: (draw) => [draw.real([-5, 5]), draw.real([-5, 5]), draw.int(0, 9)] as const,
    reference: (start, end, count) => sequence(start, (end - start) / Math.max(count - 1, 1), count, 'float32'),
    tolerance: { ulp: 3 },
    bad: [
      {
        what: 'half a number of values',
        call: () => t.linspace(0, 1, 2.5),
        error: ShapeError,
        message: /linspace.*2\.5/,
      },
    ],
  }),
  operation({
    name: 'eye',
    torch: 'eye',
    sample(draw) {
      const options = draw.chance() ? undefined : { dtype: draw.pick(dtypes) };
      return [draw.int(0, 5), draw.chance() ? undefined : draw.int(0, 5), options] as const;
    },
    reference: (rows, columns, options) =>
      generate([rows, columns ?? rows], options?.dtype ?? 'float32', (at) => Number(at[0] === at[1])),
    bad: [{ what: 'a negative size', call: () => t.eye(-1), error: ShapeError, message: /eye.*-1/ }],
  }),
  operation({
    name: 'oneHot',
    torch: 'nn.functional.one_hot',
    sample(draw) {
      const classes = draw.int(0, 5);
      const index = draw.input(draw.shape(draw.int(0, 3)), draw.chance(0.2) ? 'uint32' : 'int32', [-1, 5]);
      return [index, classes, draw.chance() ? undefined : { dtype: draw.pick(dtypes) }] as const;
    },
    reference: (index, classes, options) =>
      generate([...index.shape, classes], options?.dtype ?? 'int32', (at) =>
        Number(elementAt(index, at.slice(0, -1)) === at.at(-1)),
      ),
    bad: [
      {
        what: 'real indices',
        call: () => t.oneHot(t.zeros([2]), 3),
        error: DTypeError,
        message: /oneHot.*int32.*float32/,
      },
    ],
  }),
  operation({
    name: 'meshgrid',
    torch: 'meshgrid',
    sample(draw) {
      const axes = Array.from({ length: draw.int(1, 3) }, () => draw.input(draw.shape(draw.chance(0.1) ? 0 : 1)));
      return [axes, draw.pick([undefined, { indexing: 'ij' }, { indexing: 'xy' }])] as const;
    },
    reference(axes, options) {
      const exchanged = options?.indexing === 'xy' && axes.length > 1;
      const place = (k: number): number => (exchanged && k < 2 ? 1 - k : k);
      const shape = axes.map((_, k) => axes[place(k)]!.data.length);
      return axes.map((x, k) => generate(shape, x.dtype, (at) => x.data[at[place(k)]!]!));
    },
    gradient: smooth(),
    bad: [
      {
        what: 'a matrix',
        call: () => t.meshgrid([t.zeros([2, 2])]),
        error: ShapeError,
        message: /meshgrid.*vectors.*\[2, 2\]/,
      },
    ],
  }),
];

const functions = {
  blend: {
    fn: t.expr`fn blend(a: f32, b: f32) -> f32 { return a * 0.25 + max(a, b) * b; }`,
    host: ([a, b]: readonly number[]): number[] => [a! * 0.25 + Math.max(a!, b!) * b!],
  },
  reflected: {
    fn: t.expr`fn reflected(d: vec3f, n: vec3f) -> vec3f { return d - 2.0 * dot(d, n) * n; }`,
    host: (v: readonly number[]): number[] => {
      const k = 2 * (v[0]! * v[3]! + v[1]! * v[4]! + v[2]! * v[5]!);
      return [v[0]! - k * v[3]!, v[1]! - k * v[4]!, v[2]! - k * v[5]!];
    },
  },
  steps: {
    fn: t.expr`fn steps(x: f32, n: i32) -> i32 {
      var total = 0;
      for (var i = 0; i < n; i++) { total += i32(floor(x)) + i; }
      return total;
    }`,
    host: ([x, n]: readonly number[]): number[] => {
      let total = 0;
      for (let i = 0; i < n!; i++) total += Math.floor(x!) + i;
      return [total];
    },
  },
  inside: {
    fn: t.expr`fn inside(p: vec2f, r: f32) -> bool { return p.x * p.x + p.y * p.y < r * r; }`,
    host: ([x, y, r]: readonly number[]): number[] => [Number(x! * x! + y! * y! < r! * r!)],
  },
};
type Name = keyof typeof functions;

const widths: Readonly<
  Record<
    Name,
    {
      readonly inputs: readonly number[];
      readonly result: number;
      readonly dtypes: readonly DType[];
      readonly to: DType;
    }
  >
> = {
  blend: { inputs: [1, 1], result: 1, dtypes: ['float32', 'float32'], to: 'float32' },
  reflected: { inputs: [3, 3], result: 3, dtypes: ['float32', 'float32'], to: 'float32' },
  steps: { inputs: [1, 1], result: 1, dtypes: ['float32', 'int32'], to: 'int32' },
  inside: { inputs: [2, 1], result: 1, dtypes: ['float32', 'float32'], to: 'bool' },
};

/** User's own functions of elements. */
export const expressionOperations = [
  operation({
    name: 'elementwise',
    torch: '(none: a fused custom function)',
    sample(draw) {
      const name = draw.pick(Object.keys(functions) as Name[]);
      const { inputs, dtypes: types } = widths[name];
      const shape = draw.shape(draw.int(0, 2));
      const args = inputs.map((width, k) => {
        const part = draw.part(shape);
        return draw.input(width === 1 ? part : [...part, width], types[k], types[k] === 'int32' ? [0, 5] : [-3, 3]);
      });
      return [functions[name].fn, ...args] as [t.ExprFunction, ...typeof args];
    },
    reference(fn, ...args) {
      const name = (fn as t.ExprFunction).name as Name;
      const { inputs, result, to } = widths[name];
      const tensors = args as readonly HostTensor[];
      // component k of argument i, without its last dimension
      const parts = tensors.flatMap((x, i) =>
        inputs[i] === 1
          ? [x]
          : Array.from({ length: inputs[i]! }, (_, k) =>
              generate(x.shape.slice(0, -1), x.dtype, (_at, p) => x.data[p * inputs[i]! + k]!),
            ),
      );
      const rank = Math.max(...parts.map((p) => p.shape.length));
      const shape = Array.from({ length: rank }, (_, d) =>
        parts.map((p) => p.shape[d - rank + p.shape.length] ?? 1).reduce((a, b) => (a === 1 ? b : a)),
      );
      const value = (p: HostTensor, at: readonly number[]): number => {
        const skip = rank - p.shape.length;
        return p.data[p.shape.reduce((sum, n, d) => sum * n + (n === 1 ? 0 : at[d + skip]!), 0)]!;
      };
      const out = generate(result === 1 ? shape : [...shape, result], to, (at) => {
        const values = functions[name].host(parts.map((p) => value(p, at)));
        return values[result === 1 ? 0 : at[rank]!]!;
      });
      return isReal(to) ? { ...out, scale: out.data.map((v) => Math.abs(v) + 60) } : out;
    },
    tolerance: { ulp: 4 },
    gradient: {
      inputs: [1, 2],
      second: true,
      sample: (draw) => [functions.reflected.fn, draw.input([4, 3]), draw.input([3])],
    },
    bad: [
      {
        what: 'too few arguments',
        call: () => t.elementwise(functions.blend.fn, t.zeros([2])),
        error: ShapeError,
        message: /blend takes 2 arguments \(a, b\), got 1/,
      },
      {
        what: 'a vector of another length',
        call: () => t.elementwise(functions.reflected.fn, t.zeros([2, 4]), t.zeros([3])),
        error: ShapeError,
        message: /reflected.*d has 3 components.*\[2, 4\]/,
      },
      {
        what: 'an array',
        call: () => t.elementwise(functions.blend.fn, [1] as unknown as t.Tensor, 2),
        error: DTypeError,
        message: /blend.*array/,
      },
    ],
  }),
];
