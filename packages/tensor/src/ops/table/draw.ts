import type { DType } from '../../dtype.js';
import { sizeOf, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { hostExpand, hostPermute, hostReshape, hostSlice, type HostTensor } from './host.js';

/** One step from the stored elements of an input to what the operation sees. */
type ViewStep =
  | { readonly kind: 'permute'; readonly axes: readonly number[] }
  | { readonly kind: 'reshape'; readonly shape: Shape }
  | { readonly kind: 'expand'; readonly shape: Shape }
  | {
      readonly kind: 'slice';
      readonly starts: readonly number[];
      readonly steps: readonly number[];
      readonly sizes: Shape;
    };

/** A tensor argument of a sample: stored elements, and the view of them that the operation gets. */
export class Input {
  constructor(
    readonly base: HostTensor,
    readonly steps: readonly ViewStep[],
    /** The elements that the operation sees. */
    readonly value: HostTensor,
  ) {}

  /** The same view of a tensor that holds `base`. */
  view(base: Tensor): Tensor {
    return this.steps.reduce((t, step) => {
      if (step.kind === 'permute') return t.permute(step.axes);
      if (step.kind === 'reshape') return t.reshape(step.shape);
      if (step.kind === 'expand') return t.expand(step.shape);
      return t.slice(
        ...step.starts.map((start, d): [number, number | null, number] => {
          const by = step.steps[d]!;
          const end = start + step.sizes[d]! * by;
          return [start, end < 0 ? null : end, by];
        }),
      );
    }, base);
  }

  /** For messages. */
  toString(): string {
    const { base, steps, value } = this;
    const views = steps.map((s) => ` ${s.kind} ${JSON.stringify({ ...s, kind: undefined })}`).join('');
    const data = base.data.length <= 64 ? ` = [${base.data.join(', ')}]` : '';
    return `${value.dtype} [${value.shape.join(', ')}] from [${base.shape.join(', ')}]${views}${data}`;
  }
}

/** Nearest number with the 11 significant bits of a float16. */
function roundToHalf(v: number): number {
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(v) || 1))) - 10);
  return Math.round(v / step) * step;
}

/** How likely a draw is to be unusual. */
export interface DrawOptions {
  /** Inputs that are views of larger or smaller ones. */
  readonly views?: number;
  /** Shapes with a dimension of size 0. */
  readonly empty?: number;
  /** Inputs with NaN, infinities and zeros of both signs, where an operation takes them. */
  readonly special?: number;
  /** Inputs of other dtypes than float32, where an operation takes them. */
  readonly otherDTypes?: number;
}

const specials = [NaN, Infinity, -Infinity, 0, -0, 1, -1];

/** Range of the values of an input. */
export type Range = readonly [low: number, high: number];

/** A seeded source of sample inputs: the same seed gives the same samples. */
export class Draw {
  #state: number;

  constructor(
    seed: number,
    readonly options: DrawOptions = {},
  ) {
    this.#state = seed | 0;
  }

  /** Uniform in [0, 1) (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  chance(p = 0.5): boolean {
    return this.next() < p;
  }

  /** A whole number from low to high, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }

  /** A float32 number. */
  real([low, high]: Range = [-4, 4]): number {
    return Math.fround(low + this.next() * (high - low));
  }

  /** Sizes of `rank` dimensions (a random number of them up to 4 by default). */
  shape(rank = this.int(0, 4), largest = 6): number[] {
    const shape = Array.from({ length: rank }, () => this.int(1, largest));
    if (rank > 0 && this.chance(this.options.empty ?? 0)) shape[this.int(0, rank - 1)] = 0;
    return shape;
  }

  /** A dimension of a tensor, sometimes counted from the end. */
  dim(rank: number): number {
    return this.int(0, rank - 1) - (this.chance(0.3) ? rank : 0);
  }

  /** What the reductions take: nothing (all), one dimension or several. */
  dims(rank: number): number | number[] | undefined {
    if (rank === 0 || this.chance(0.2)) return undefined;
    if (this.chance()) return this.dim(rank);
    const some = Array.from({ length: rank }, (_, d) => d).filter(() => this.chance());
    return some.length === 0 ? [this.dim(rank)] : this.shuffle(some);
  }

  shuffle<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }

  /** float32, or one of the others at the chance that the options give. */
  dtype(others: readonly DType[] = ['int32', 'uint32', 'float16']): DType {
    return others.length > 0 && this.chance(this.options.otherDTypes ?? 0) ? this.pick(others) : 'float32';
  }

  /** A shape that broadcasts into `shape`: sizes of 1 in places, leading dimensions left out. */
  part(shape: Shape): number[] {
    if (this.chance(0.4)) return [...shape];
    const part = shape.map((n) => (this.chance(0.3) ? 1 : n));
    let drop = 0;
    while (drop < part.length && this.chance(0.3)) drop++;
    return part.slice(drop);
  }

  /** One number of a dtype. */
  element(dtype: DType, [low, high]: Range): number {
    if (dtype === 'bool') return this.int(0, 1);
    if (dtype === 'int32') return this.int(Math.ceil(low), Math.floor(high));
    if (dtype === 'uint32') return this.int(Math.max(0, Math.ceil(low)), Math.floor(high));
    let v = this.real([low, high]);
    // whole and half numbers meet the edges of floor, round and comparisons
    const half = Math.round(2 * v) / 2;
    if (half >= low && half <= high && this.chance(0.15)) v = half;
    return dtype === 'float16' ? roundToHalf(v) : v;
  }

  /** An input of a shape, dtype and range of values; `special` adds NaN, infinities and zeros now and then. */
  input(shape: Shape, dtype: DType = 'float32', range: Range = [-4, 4], special: readonly number[] = []): Input {
    const withSpecials =
      special.length > 0 && (dtype === 'float32' || dtype === 'float16') && this.chance(this.options.special ?? 0);
    return this.inputOf(shape, dtype, () =>
      withSpecials && this.chance(0.4) ? this.pick(special) : this.element(dtype, range),
    );
  }

  /** An input that is no view, with its elements in order from a function. */
  stored(shape: Shape, dtype: DType, element: () => number): Input {
    const base: HostTensor = { shape, dtype, data: Float64Array.from({ length: sizeOf(shape) }, element) };
    return new Input(base, [], base);
  }

  /** An input whose stored elements come from a function. */
  inputOf(shape: Shape, dtype: DType, element: () => number): Input {
    const steps: ViewStep[] = [];
    let stored = [...shape];
    while (steps.length < 2 && stored.length > 0 && this.chance(this.options.views ?? 0)) {
      const [step, base] = this.#view(stored);
      steps.unshift(step);
      stored = base;
    }
    const base: HostTensor = { shape: stored, dtype, data: Float64Array.from({ length: sizeOf(stored) }, element) };
    return new Input(base, steps, steps.reduce(applyView, base));
  }

  /** A view with the given shape, and the shape of what it is a view of. */
  #view(shape: Shape): [ViewStep, number[]] {
    const kind = this.pick(['permute', 'slice', 'slice', 'expand', 'reshape'] as const);
    if (kind === 'permute') {
      const axes = this.shuffle(shape.map((_, d) => d));
      const base = new Array<number>(shape.length);
      axes.forEach((a, i) => (base[a] = shape[i]!));
      return [{ kind, axes }, base];
    }
    if (kind === 'expand') {
      const base = shape.map((n) => (this.chance(0.4) ? 1 : n));
      return [{ kind, shape }, base.slice(this.chance(0.3) && base[0] === 1 ? 1 : 0)];
    }
    if (kind === 'reshape') return [{ kind, shape }, this.#otherShape(shape)];
    const starts: number[] = [];
    const steps: number[] = [];
    const base = shape.map((n, d) => {
      const step = this.pick([1, 1, 2, 3, -1, -2]);
      const lead = this.chance(0.4) ? 0 : this.int(1, 2);
      const reach = Math.max(n - 1, 0) * Math.abs(step);
      steps[d] = step;
      starts[d] = step > 0 ? lead : lead + reach;
      return lead + reach + 1 + (this.chance(0.4) ? 0 : this.int(1, 2));
    });
    return [{ kind, starts, steps, sizes: shape }, base];
  }

  /** Another shape with as many elements. */
  #otherShape(shape: Shape): number[] {
    const size = sizeOf(shape);
    if (size === 0 || this.chance(0.3)) return [size];
    const out: number[] = [];
    let rest = size;
    while (rest > 1 && out.length < 3) {
      const divisors = Array.from({ length: Math.min(rest, 12) }, (_, i) => i + 1).filter((d) => rest % d === 0);
      const d = this.pick(divisors);
      out.push(d);
      rest /= d;
    }
    return this.shuffle([...out, rest]);
  }
}

/** NaN, infinities, zeros of both signs and ones: what special inputs hold. */
export const specialValues: readonly number[] = specials;

function applyView(x: HostTensor, step: ViewStep): HostTensor {
  if (step.kind === 'permute') return hostPermute(x, step.axes);
  if (step.kind === 'reshape') return hostReshape(x, step.shape);
  if (step.kind === 'expand') return hostExpand(x, step.shape);
  return hostSlice(x, step.starts, step.sizes, step.steps);
}
