import { promote } from '../dtype.js';
import { ShapeError } from '../errors.js';
import { Node } from '../graph/node.js';
import { expectShape, normalizeDim, normalizeDims, sameShape, showShape, sizeOf, type Shape } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import { castNode, expandNode, make, scalarNode } from './apply.js';
import { where } from './math.js';
import { aliasNode, padNode, permuteNode, reshapeNode, sliceNode } from './nodes.js';

const ones = (n: number): number[] => new Array<number>(n).fill(1);
const zeros = (n: number): number[] => new Array<number>(n).fill(0);

/** The same elements, row-major, in another shape; one size may be -1 and is worked out. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return make(reshapeNode(live(x, 'reshape'), inferSize(x, shape)));
}

function inferSize(x: Tensor, shape: Shape): number[] {
  const free = shape.indexOf(-1);
  const known = shape.reduce((p, d, i) => (i === free ? p : p * d), 1);
  const sizes = shape.map((d, i) => (i === free ? (known === 0 ? 0 : x.size / known) : d));
  const whole = sizes.every((d) => Number.isInteger(d) && d >= 0);
  if (!whole || sizeOf(sizes) !== x.size || shape.lastIndexOf(-1) !== free) {
    throw new ShapeError(
      `reshape: ${showShape(x.shape)} has ${x.size} elements, which do not fill ${showShape(shape)}; ` +
        'the sizes must multiply to the same number, and at most one may be -1',
    );
  }
  return sizes;
}

/** The same elements, and no gradient flows back through them. */
export function detach(x: Tensor): Tensor {
  const node = live(x, 'detach');
  return make(node.requiresGrad ? aliasNode(node, false) : node);
}

/** Dimensions `start` to `end` (inclusive) as one. */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  if (x.rank === 0) return reshape(x, [1]);
  const [s, e] = [normalizeDim('flatten', start, x.rank), normalizeDim('flatten', end, x.rank)];
  if (s > e) throw new ShapeError(`flatten: start dimension ${start} lies behind end dimension ${end}`);
  return reshape(x, [...x.shape.slice(0, s), sizeOf(x.shape.slice(s, e + 1)), ...x.shape.slice(e + 1)]);
}

/** Dimensions in another order: out.shape[i] = x.shape[dims[i]]. */
export function permute(x: Tensor, dims: readonly number[]): Tensor {
  const node = live(x, 'permute');
  const axes = dims.map((d) => normalizeDim('permute', d, x.rank));
  if (axes.length !== x.rank || new Set(axes).size !== axes.length) {
    throw new ShapeError(`permute: ${showShape(dims)} must name each of the ${x.rank} dimensions once`);
  }
  return make(permuteNode(node, axes));
}

/** Two dimensions exchanged; by default the last two. */
export function transpose(x: Tensor, a = -2, b = -1): Tensor {
  const axes = x.shape.map((_, i) => i);
  const [i, j] = [normalizeDim('transpose', a, x.rank), normalizeDim('transpose', b, x.rank)];
  [axes[i], axes[j]] = [j, i];
  return permute(x, axes);
}

/** A new dimension of size 1 at `dim`. */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  const d = normalizeDim('unsqueeze', dim, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, d), 1, ...x.shape.slice(d)]);
}

/** Without the dimensions of size 1 (all of them, or those named). */
export function squeeze(x: Tensor, dims?: number | readonly number[]): Tensor {
  const named = normalizeDims('squeeze', dims, x.rank);
  return reshape(
    x,
    x.shape.filter((size, d) => size !== 1 || !named.includes(d)),
  );
}

/** Broadcast to a shape: dimensions of size 1 repeat, new ones may stand in front; -1 keeps a size. */
export function expand(x: Tensor, shape: Shape): Tensor {
  const node = live(x, 'expand');
  const pad = shape.length - x.rank;
  const sizes = shape.map((d, i) => (d === -1 ? (x.shape[i - pad] ?? -1) : d));
  expectShape('expand', sizes);
  const fits = pad >= 0 && x.shape.every((d, i) => d === 1 || d === sizes[i + pad]);
  if (!fits) {
    throw new ShapeError(
      `expand: ${showShape(x.shape)} does not broadcast to ${showShape(shape)}: only sizes of 1 repeat`,
    );
  }
  return make(expandNode(node, sizes));
}

/** One entry of `slice`: all, one index (the dimension goes away), or [start, end, step] with Python's meaning. */
export type SliceRange = null | number | readonly [start?: number | null, end?: number | null, step?: number];

/**
 * Part of a tensor: one entry per leading dimension, Python's slice rules (negative numbers count from the end,
 * ends are exclusive, steps may be negative).
 *
 * @example x.slice([0, 10], null, [null, null, -1]) // first ten rows, all columns, last dimension reversed
 */
export function slice(x: Tensor, ...ranges: SliceRange[]): Tensor {
  const node = live(x, 'slice');
  if (ranges.length > x.rank) {
    throw new ShapeError(`slice: ${ranges.length} ranges for a tensor of rank ${x.rank} (${showShape(x.shape)})`);
  }
  const starts = zeros(x.rank);
  const steps = ones(x.rank);
  const sizes = [...x.shape];
  const dropped: number[] = [];
  ranges.forEach((range, d) => {
    const n = x.shape[d]!;
    if (range === null) return;
    if (typeof range === 'number') {
      const at = range < 0 ? range + n : range;
      if (!Number.isInteger(range) || at < 0 || at >= n) {
        throw new ShapeError(`slice: index ${range} is out of range for dimension ${d} of size ${n}`);
      }
      [starts[d], sizes[d]] = [at, 1];
      dropped.push(d);
      return;
    }
    const step = range[2] ?? 1;
    const broken = [range[0], range[1]].find((v) => v != null && !Number.isInteger(v));
    if (broken != null) throw new ShapeError(`slice: ${broken} in the range of dimension ${d} is not a whole number`);
    if (!Number.isInteger(step) || step === 0)
      throw new ShapeError(`slice: step ${step} of dimension ${d} must be a whole number other than 0`);
    const [from, count] = resolveRange(range[0] ?? null, range[1] ?? null, step, n);
    [starts[d], sizes[d], steps[d]] = [from, count, step];
  });
  const sliced = sliceNode(node, starts, sizes, steps);
  return make(
    reshapeNode(
      sliced,
      sizes.filter((_, d) => !dropped.includes(d)),
    ),
  );
}

/** First index and number of elements of a Python slice. */
function resolveRange(start: number | null, end: number | null, step: number, n: number): [number, number] {
  const clampTo = (v: number, lo: number, hi: number): number => Math.min(Math.max(v < 0 ? v + n : v, lo), hi);
  const [lo, hi] = step > 0 ? [0, n] : [-1, n - 1];
  const from = start === null ? (step > 0 ? lo : hi) : clampTo(start, lo, hi);
  const until = end === null ? (step > 0 ? hi : lo) : clampTo(end, lo, hi);
  return [Math.max(from, 0), Math.max(0, Math.ceil((until - from) / step))];
}

/** `length` elements of a dimension from `start`. */
export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  const d = normalizeDim('narrow', dim, x.rank);
  const n = x.shape[d]!;
  if (!Number.isInteger(start) || !Number.isInteger(length) || start < 0 || length < 0 || start + length > n) {
    throw new ShapeError(
      `narrow: [${start}, ${start + length}) is not a whole range inside dimension ${dim} of size ${n}`,
    );
  }
  return slice(x, ...x.shape.map((_, i): SliceRange => (i === d ? [start, start + length] : null)));
}

/** One index of a dimension, which goes away. */
export function select(x: Tensor, dim: number, index: number): Tensor {
  const d = normalizeDim('select', dim, x.rank);
  return slice(x, ...x.shape.map((_, i): SliceRange => (i === d ? index : null)));
}

/**
 * Windows of `size` elements along a dimension, every `step`: the dimension counts the windows, a new last one their
 * elements. Windows may overlap and none is copied; what does not fill a window is left out. PyTorch's `Tensor.unfold`.
 *
 * @example arange(5).unfold(0, 3, 2) // [[0, 1, 2], [2, 3, 4]]
 */
export function unfold(x: Tensor, dim: number, size: number, step: number): Tensor {
  const node = live(x, 'unfold');
  const d = normalizeDim('unfold', dim, x.rank);
  const n = x.shape[d]!;
  if (!Number.isInteger(size) || size < 1 || size > n) {
    throw new ShapeError(`unfold: windows of ${size} elements do not fit dimension ${dim} of size ${n}`);
  }
  if (!Number.isInteger(step) || step < 1) {
    throw new ShapeError(`unfold: the step must be a whole number of 1 or more, got ${step}`);
  }
  const windows = Math.floor((n - size) / step) + 1;
  const shape = [...x.shape.map((s, i) => (i === d ? windows : s)), size];
  return make(new Node('unfold', [node], { dim: d, step }, shape, x.dtype));
}

/** Dimensions reversed. */
export function flip(x: Tensor, dims: number | readonly number[]): Tensor {
  const named = normalizeDims('flip', dims, x.rank);
  return slice(x, ...x.shape.map((_, i): SliceRange => (named.includes(i) ? [null, null, -1] : null)));
}

/**
 * Values around a tensor.
 * @param amounts [before, after] per dimension, for the last dimensions or all of them; negative amounts crop.
 */
export function pad(x: Tensor, amounts: readonly (readonly [number, number])[], value = 0): Tensor {
  if (amounts.length > x.rank) throw new ShapeError(`pad: ${amounts.length} pairs for a tensor of rank ${x.rank}`);
  const full = [...x.shape.slice(amounts.length).map(() => [0, 0] as const), ...amounts];
  const fits = full.every(
    ([b, a], d) => Number.isInteger(b) && Number.isInteger(a) && Math.min(b, 0) + Math.min(a, 0) + x.shape[d]! >= 0,
  );
  if (!fits) {
    throw new ShapeError(`pad: ${JSON.stringify(amounts)} crops more than ${showShape(x.shape)} has, or is not whole`);
  }
  const cropped = slice(x, ...full.map(([b, a], d): SliceRange => [Math.max(-b, 0), x.shape[d]! - Math.max(-a, 0)]));
  const before = full.map(([b]) => Math.max(b, 0));
  const shape = cropped.shape.map((n, d) => n + before[d]! + Math.max(full[d]![1], 0));
  if (sameShape(shape, cropped.shape)) return cropped;
  if (value === 0) return make(padNode(cropped.node, before, shape));
  const inside = padNode(expandNode(scalarNode(1, 'bool'), cropped.shape), before, shape);
  const fill = make(castNode(scalarNode(value, 'float32'), x.dtype));
  return where(make(inside), make(padNode(cropped.node, before, shape)), fill);
}

/** Tensors side by side along an existing dimension; dtypes are promoted to a common one. */
export function concat(tensors: readonly Tensor[], dim = 0): Tensor {
  const first = tensors[0];
  if (!first) throw new ShapeError('concat: needs at least one tensor');
  const d = normalizeDim('concat', dim, first.rank);
  const dtype = tensors.map((t) => t.dtype).reduce(promote);
  for (const t of tensors) {
    if (t.rank !== first.rank || t.shape.some((n, i) => i !== d && n !== first.shape[i])) {
      throw new ShapeError(
        `concat along dimension ${dim}: all other sizes must agree, got ${tensors.map((x) => showShape(x.shape)).join(', ')}`,
      );
    }
  }
  const nodes = tensors.map((t) => castNode(live(t, 'concat'), dtype)).filter((n) => n.shape[d] !== 0);
  if (nodes.length <= 1) return make(nodes[0] ?? castNode(live(first, 'concat'), dtype));
  const total = nodes.reduce((sum, n) => sum + n.shape[d]!, 0);
  return make(
    new Node(
      'concat',
      nodes,
      { dim: d },
      first.shape.map((n, i) => (i === d ? total : n)),
      dtype,
    ),
  );
}

/** Tensors of one shape side by side along a new dimension. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  const first = tensors[0];
  if (!first) throw new ShapeError('stack: needs at least one tensor');
  if (tensors.some((t) => !sameShape(t.shape, first.shape))) {
    throw new ShapeError(`stack: shapes must be equal, got ${tensors.map((t) => showShape(t.shape)).join(', ')}`);
  }
  return concat(
    tensors.map((t) => unsqueeze(t, dim)),
    normalizeDim('stack', dim, first.rank + 1),
  );
}
