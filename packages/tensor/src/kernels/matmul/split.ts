import { ShapeError } from '../../errors.js';
import { bytesPerElement, type DType } from '../../dtype.js';
import { reachOf, type Reach } from './nest.js';
import { contiguousResult, resultType, type Loop, type MatmulResult, type MatmulSpec } from './spec.js';

/** Elements [start, end) of a buffer that a piece binds. */
export interface MatmulWindow {
  readonly start: number;
  readonly end: number;
}

/** A part of a product whose operands fit the binding limit. Pieces run in their order. */
export interface MatmulPiece {
  /** The part; its offsets count from the starts of its windows. */
  readonly spec: MatmulSpec;
  readonly a: MatmulWindow;
  readonly b: MatmulWindow;
  /** Window of the output; meaningless with an epilogue, whose stores are the engine's. */
  readonly c: MatmulWindow;
  /** Part of each dimension: the whole product's batch (outermost dimension), rows, columns and k. */
  readonly ranges: Readonly<Record<'batch' | 'M' | 'N' | 'K', readonly [from: number, to: number]>>;
}

/** What a binding may span. */
export interface BindingLimits {
  readonly maxBindingBytes: number;
  /** Windows start at multiples of this many bytes. */
  readonly bindingAlignment: number;
}

type Axis = 'batch' | 'M' | 'N' | 'K';
type Ranges = Record<Axis, [number, number]>;

/** Strides of one matrix along the four axes that can be cut (0: it does not have the axis), and what it is inside. */
interface Matrix {
  readonly name: 'a' | 'b' | 'c';
  readonly dtype: DType;
  readonly offset: number;
  readonly strides: Readonly<Record<Axis, number>>;
  /** Elements from an element of the axes that can be cut to the first and the last that belong to it. */
  readonly inner: Reach;
}

const AXES: readonly Axis[] = ['batch', 'M', 'N', 'K'];

function matrices(spec: MatmulSpec, c: MatmulResult): Matrix[] {
  const { a, b } = spec;
  const { nest, windows } = b;
  const loopsOfB = nest ? [...nest.rows, ...nest.cols] : windows && [windows.channels, ...windows.pixels];
  const of = (
    name: 'a' | 'b' | 'c',
    dtype: DType,
    offset: number,
    batch: readonly number[],
    s: Omit<Matrix['strides'], 'batch'>,
  ): Matrix => {
    const loops = batch.map((stride, i): Loop => ({ size: spec.batch[i]!, stride })).slice(1);
    const strides = { ...s, batch: batch[0] ?? 0 };
    if (!loopsOfB) return { name, dtype, offset, strides, inner: reachOf(loops) };
    // rows and columns of a nest or of windows are not cut: whatever lies along them belongs to the inside of every matrix
    const plain = [
      { size: spec.K, stride: s.K },
      { size: spec.N, stride: s.N },
    ];
    const inside = name === 'b' ? loopsOfB : plain;
    return { name, dtype, offset, strides: { ...strides, N: 0, K: 0 }, inner: reachOf([...loops, ...inside]) };
  };
  const list = [
    of('a', a.dtype, a.offset, a.strides[0], { M: a.strides[1], N: 0, K: a.strides[2] }),
    of('b', b.dtype, b.offset, b.strides[0], { M: 0, N: b.strides[2], K: b.strides[1] }),
  ];
  return spec.epilogue
    ? list
    : [...list, of('c', resultType(spec), c.offset, c.strides[0], { M: c.strides[1], N: 1, K: 0 })];
}

/** The window of a matrix for a part of the product, its start moved down to an aligned place. */
function windowOf(m: Matrix, r: Ranges, alignment: number): MatmulWindow & { readonly offset: number } {
  const origin = AXES.reduce((s, x) => s + r[x][0] * m.strides[x], m.offset);
  const reach = reachOf(AXES.map((x) => ({ size: r[x][1] - r[x][0], stride: m.strides[x] })));
  const step = Math.max(1, alignment / bytesPerElement[m.dtype]);
  const start = Math.floor((origin + reach.first + m.inner.first) / step) * step;
  return { start, end: origin + reach.last + m.inner.last + 1, offset: origin - start };
}

/** Cuts a range in two at a multiple of 64 (of 4 or 1 where it is short), so that vec4 access survives. */
function halve([from, to]: readonly [number, number]): [[number, number], [number, number]] {
  const half = (to - from) / 2;
  const unit = half >= 64 ? 64 : half >= 4 ? 4 : 1;
  const middle = from + Math.ceil(half / unit) * unit;
  return [
    [from, middle],
    [middle, to],
  ];
}

/**
 * Cuts a product into parts whose windows of a, b and the output fit `limits`, by halving the axis along which the
 * matrix that is too large extends furthest: N for a transposed weight, K for a row-major one, M or the outermost
 * batch dimension for activations. Parts along K follow each other and accumulate; they must not have an epilogue
 * (run it as a kernel of its own). A product that fits comes back as one piece.
 */
export function splitMatmul(spec: MatmulSpec, limits: BindingLimits): MatmulPiece[] {
  const c = spec.c ?? contiguousResult(spec.batch, spec.M, spec.N);
  const parts = matrices(spec, c);
  const pieces: MatmulPiece[] = [];

  const visit = (r: Ranges): void => {
    const windows = parts.map((m) => windowOf(m, r, limits.bindingAlignment));
    const bad = parts.findIndex(
      (m, i) => (windows[i]!.end - windows[i]!.start) * bytesPerElement[m.dtype] > limits.maxBindingBytes,
    );
    if (bad < 0) {
      pieces.push(piece(r, windows));
      return;
    }
    const m = parts[bad]!;
    const reach = (x: Axis): number => (r[x][1] - r[x][0] - 1) * Math.abs(m.strides[x]);
    const axis = AXES.reduce((best, x) => (reach(x) > reach(best) ? x : best));
    if (reach(axis) <= 0)
      throw new ShapeError(`matmul: operand ${m.name} cannot be cut to ${limits.maxBindingBytes} bytes`);
    if (axis === 'K' && spec.epilogue) {
      throw new ShapeError('matmul: a product that must be cut along K takes no epilogue; run it as a separate kernel');
    }
    for (const half of halve(r[axis])) visit({ ...r, [axis]: half });
  };

  const piece = (r: Ranges, windows: readonly (MatmulWindow & { offset: number })[]): MatmulPiece => {
    const [wa, wb, wc] = windows;
    const { a, b } = spec;
    const size = (x: Axis): number => r[x][1] - r[x][0];
    const [row, col] = spec.origin ?? [0, 0];
    return {
      spec: {
        ...spec,
        batch: spec.batch.map((n, i) => (i === 0 ? size('batch') : n)),
        M: size('M'),
        N: size('N'),
        K: size('K'),
        a: { ...a, offset: wa!.offset },
        b: { ...b, offset: wb!.offset },
        c: { ...c, offset: wc?.offset ?? 0 },
        accumulate: spec.accumulate === true || r.K[0] > 0,
        origin: [row + r.M[0], col + r.N[0]],
      },
      a: { start: wa!.start, end: wa!.end },
      b: { start: wb!.start, end: wb!.end },
      c: { start: wc?.start ?? 0, end: wc?.end ?? 0 },
      ranges: r,
    };
  };

  visit({ batch: [0, spec.batch[0] ?? 1], M: [0, spec.M], N: [0, spec.N], K: [0, spec.K] });
  return pieces;
}
