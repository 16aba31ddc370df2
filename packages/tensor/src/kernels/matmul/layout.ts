import type { UniformValue } from '../../kernel/dispatch.js';
import { u32 } from '../grid.js';
import { MOST_LOOPS, nestOf } from './nest.js';
import { contiguousResult, elementOf, type MatmulOperand, type MatmulResult, type MatmulSpec } from './spec.js';

/** How a kernel reads one operand: four adjacent elements per load, single elements at any strides, or in a nest. */
export type Access = 'vec4' | 'scalar' | 'nest';

const fours = (...numbers: readonly number[]): boolean => numbers.every((n) => n % 4 === 0);

/** Rows of `a` can be read by vec4 along k. */
export function accessA({ K, a }: MatmulSpec): 'vec4' | 'scalar' {
  const [batch, row, col] = a.strides;
  return col === 1 && fours(K, row, a.offset, ...batch) ? 'vec4' : 'scalar';
}

/** `b` can be read by vec4: along n when it is row-major, along k when it is transposed. */
export function accessB({ N, K, b }: MatmulSpec): Access {
  if (b.nest) return 'nest';
  const [batch, row, col] = b.strides;
  if (!fours(K, b.offset, ...batch)) return 'scalar';
  return (col === 1 && fours(N, row)) || (row === 1 && fours(col)) ? 'vec4' : 'scalar';
}

/** WGSL element type of an operand's array under an access. */
export const arrayElement = (x: MatmulOperand, access: Access): string =>
  access === 'vec4' ? `vec4<${elementOf[x.dtype]}>` : elementOf[x.dtype];

/** Batch dimensions with the strides of a, b and c; at least one, so that rank 0 and 1 share their kernels. */
export interface BatchDim {
  readonly size: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** The batch dimensions of a product, neighbours merged where all strides allow. */
export function batchDims(spec: MatmulSpec, c: MatmulResult): BatchDim[] {
  const dims: BatchDim[] = [];
  spec.batch.forEach((size, i) => {
    if (size === 1) return;
    const next = { size, a: spec.a.strides[0][i]!, b: spec.b.strides[0][i]!, c: c.strides[0][i]! };
    const last = dims.at(-1);
    const merges = last && (['a', 'b', 'c'] as const).every((o) => last[o] === next[o] * size);
    if (merges) dims[dims.length - 1] = { ...next, size: last.size * size };
    else dims.push(next);
  });
  return dims.length ? dims : [{ size: 1, a: 0, b: 0, c: 0 }];
}

/** A product with its batch folded into its rows or columns where that helps; see the two functions it tries. */
export function foldBatch(spec: MatmulSpec, tileCols: number): MatmulSpec {
  // windows are counted row by row of one image
  const folded = spec.b.windows ? undefined : (foldIntoRows(spec) ?? foldIntoColumns(spec, tileCols));
  return folded ?? { ...spec, c: spec.c ?? contiguousResult(spec.batch, spec.M, spec.N) };
}

/**
 * The batch becomes rows where `b` is shared by all of it and `a` allows it ([B, T, C] x [C, D]). An epilogue wants to
 * see its batch, so it keeps it.
 */
function foldIntoRows(spec: MatmulSpec): MatmulSpec | undefined {
  const c = spec.c ?? contiguousResult(spec.batch, spec.M, spec.N);
  if (spec.epilogue) return undefined;
  const dims = batchDims(spec, c);
  const [d] = dims;
  const folds =
    dims.length === 1 && d!.b === 0 && d!.a === spec.M * spec.a.strides[1] && d!.c === spec.M * c.strides[1];
  if (!folds || d!.size === 1) return undefined;
  const { a, b } = spec;
  return {
    ...spec,
    batch: [],
    M: spec.M * d!.size,
    a: { ...a, strides: [[], a.strides[1], a.strides[2]] },
    b: { ...b, strides: [[], b.strides[1], b.strides[2]] },
    c: { offset: c.offset, strides: [[], c.strides[1]] },
  };
}

/**
 * The outermost batch dimension becomes columns where `a` is shared by it and tiles of columns would be a fifth empty
 * or more: small images of many examples, and the gradients of kernels.
 */
function foldIntoColumns(spec: MatmulSpec, tileCols: number): MatmulSpec | undefined {
  const { a, b, N } = spec;
  const nest = nestOf(spec);
  const c = spec.c ?? contiguousResult(spec.batch, spec.M, spec.N);
  const [size = 1, ...batch] = spec.batch;
  const [aStep, ...aBatch] = a.strides[0];
  const [bStep, ...bBatch] = b.strides[0];
  const [cStep, ...cBatch] = c.strides[0];
  const empty = Math.ceil(N / tileCols) * tileCols - N;
  if (size === 1 || aStep !== 0 || c.blocks || 4 * empty < N || nest.cols.length === MOST_LOOPS) return undefined;
  return {
    ...spec,
    batch,
    N: size * N,
    a: { ...a, strides: [aBatch, a.strides[1], a.strides[2]] },
    b: {
      ...b,
      strides: [bBatch, b.strides[1], b.strides[2]],
      nest: { rows: nest.rows, cols: [{ size, stride: bStep! }, ...nest.cols] },
    },
    c: { offset: c.offset, strides: [cBatch, c.strides[1]], blocks: { size: N, stride: cStep! } },
  };
}

/** WGSL `placeOf(batch)`: where the matrices of one batch entry start. Its uniforms are {@link placeUniforms}. */
export function placeCode(rank: number): string {
  const dims = Array.from({ length: rank }, (_, i) => rank - 1 - i); // innermost first
  return /* wgsl */ `
struct Place { a: u32, b: u32, c: u32 }

/** First elements of the matrices of one batch entry. */
fn placeOf(batch: u32) -> Place {
  var p = Place(u.aStart, u.bStart, u.cStart);
  var rest = batch;
  var i = 0u;
${dims.map((d) => `  i = rest - rest / u.size${d} * u.size${d}; rest /= u.size${d}; p.a += i * u.aBatch${d}; p.b += i * u.bBatch${d}; p.c += i * u.cBatch${d};`).join('\n')}
  return p;
}
`;
}

/** Uniforms that {@link placeCode} reads. */
export function placeUniforms(
  spec: MatmulSpec,
  c: MatmulResult,
  dims: readonly BatchDim[],
): Record<string, UniformValue> {
  const uniforms: Record<string, UniformValue> = {
    aStart: u32(spec.a.offset),
    bStart: u32(spec.b.offset),
    cStart: u32(c.offset),
  };
  dims.forEach((d, i) => {
    uniforms[`size${i}`] = u32(d.size);
    uniforms[`aBatch${i}`] = u32(d.a);
    uniforms[`bBatch${i}`] = u32(d.b);
    uniforms[`cBatch${i}`] = u32(d.c);
  });
  return uniforms;
}
