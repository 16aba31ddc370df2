import { ShapeError } from '../../errors.js';
import type { BufferBinding, Dispatch, HostArray, ProgramKernel, UniformValue } from '../../kernel/dispatch.js';
import { sizeOf } from '../../shape.js';
import { grid, linearGrid, u32 } from '../grid.js';
import { chooseMatmul, tileColumns, type MatmulProfile, type MatmulVariant } from './choose.js';
import { directCode } from './direct.wgsl.js';
import {
  accessA,
  accessB,
  arrayElement,
  batchDims,
  foldBatch,
  placeCode,
  placeUniforms,
  type Access,
} from './layout.js';
import { nestOf, nestUniforms } from './nest.js';
import { matmulReference } from './reference.js';
import {
  accumulatorType,
  contiguousResult,
  elementOf,
  resultType,
  type MatmulResult,
  type MatmulSpec,
} from './spec.js';
import { slideCode, slideGroups, slideUniforms } from './slide.wgsl.js';
import { addingStore, combineCode, epilogueStore, plainStore, type StoreCode } from './store.wgsl.js';
import { thinCode } from './thin.wgsl.js';
import { tiledCode } from './tiled.wgsl.js';

export type { MatmulProfile } from './choose.js';
export { splitMatmul } from './split.js';
export type { MatmulDType, MatmulOperand, MatmulSpec } from './spec.js';

/** Where a pass writes: the code that stores, its buffers, its own uniforms and the place of C. */
interface Target {
  /** What the pass does with its sums, for its label. */
  readonly label: string;
  readonly store: StoreCode;
  readonly buffers: readonly BufferBinding[];
  readonly uniforms: Readonly<Record<string, UniformValue>>;
  readonly c: MatmulResult;
}

function check(spec: MatmulSpec): void {
  for (const o of [spec.a, spec.b]) {
    if (o.strides[0].length !== spec.batch.length) {
      throw new ShapeError(`matmul: ${o.strides[0].length} batch strides for ${spec.batch.length} batch dimensions`);
    }
  }
  if (spec.epilogue && spec.accumulate)
    throw new ShapeError('matmul: a product accumulates or has an epilogue, not both');
}

/** The last pass stores to the output, or hands over to the epilogue. */
function finalTarget(spec: MatmulSpec, c: MatmulResult): Target {
  const scalar = accumulatorType(spec);
  const { epilogue } = spec;
  if (epilogue) {
    return {
      label: epilogue.label ? ` + ${epilogue.label}` : '',
      store: epilogueStore(scalar, epilogue.code, c.blocks !== undefined),
      buffers: epilogue.buffers,
      uniforms: epilogue.uniforms,
      c,
    };
  }
  const element = elementOf[resultType(spec)];
  const store = (spec.accumulate ? addingStore : plainStore)(scalar, element, c.blocks !== undefined);
  return {
    label: '',
    store,
    buffers: [{ name: 'c', ref: { kind: 'output', index: 0 }, element, access: 'read_write' }],
    uniforms: {},
    c,
  };
}

/** Sizes, strides and tile counts, as every pass reads them. */
function commonUniforms(
  spec: MatmulSpec,
  { splits }: MatmulVariant,
  { c, uniforms }: Target,
): Record<string, UniformValue> {
  return {
    M: u32(spec.M),
    N: u32(spec.N),
    K: u32(spec.K),
    cRow: u32(c.strides[1]),
    rowOrigin: u32(spec.origin?.[0] ?? 0),
    colOrigin: u32(spec.origin?.[1] ?? 0),
    splits: u32(splits),
    // Elements between the partial products of two splits.
    partialSize: u32(splits > 1 ? sizeOf(spec.batch) * spec.M * spec.N : 0),
    ...(c.blocks && {
      blockSize: u32(c.blocks.size),
      blockStride: u32(c.blocks.stride),
      batches: u32(sizeOf(spec.batch)),
    }),
    ...placeUniforms(spec, c, batchDims(spec, c)),
    ...uniforms,
  };
}

/** The pass that multiplies. */
function tilePass(spec: MatmulSpec, variant: MatmulVariant, profile: MatmulProfile, target: Target): Dispatch {
  const { M, N, K } = spec;
  const { family, tile, splits } = variant;
  const direct = family === 'direct';
  const a = direct ? accessA(spec) : 'scalar';
  const b = direct || spec.b.nest ? accessB(spec) : 'scalar';
  const place = placeCode(batchDims(spec, target.c).length);
  const tilesM = Math.ceil(M / tile.rows);
  const { windows } = spec.b;
  const tilesN = windows ? slideGroups(windows, tile.cols) : Math.ceil(N / tile.cols);
  const tiles = sizeOf(spec.batch) * tilesM * tilesN * splits;
  return {
    label: `matmul ${M} x ${K} x ${N} ${family}${b === 'nest' || windows ? ' of windows' : ''}${target.label}`,
    code: codeOf(spec, variant, { a, b }, profile, place, target.store),
    buffers: [
      { name: 'a', ref: { kind: 'input', index: 0 }, element: arrayElement(spec.a, a), access: 'read' },
      { name: 'b', ref: { kind: 'input', index: 1 }, element: arrayElement(spec.b, b), access: 'read' },
      ...target.buffers,
    ],
    uniforms: {
      ...commonUniforms(spec, variant, target),
      aRow: u32(spec.a.strides[1]),
      aCol: u32(spec.a.strides[2]),
      ...(windows ? slideUniforms(windows, tile.cols) : {}),
      ...(b === 'nest' || family === 'thin' ? nestUniforms(nestOf(spec)) : {}),
      bRow: u32(spec.b.strides[1]),
      bCol: u32(b === 'nest' ? 1 : spec.b.strides[2]), // neighbours load neighbouring columns of a nest
      tilesM: u32(tilesM),
      tilesN: u32(tilesN),
      tiles: u32(tiles),
      kPerSplit: u32(Math.ceil(K / splits / 16) * 16),
      // Loop bounds that must not be known to the compiler, which would unroll the loops.
      tileRows: u32(family === 'tiled' ? 4 : tile.rows),
      tileCols: u32(tile.cols),
      depth: u32(tile.depth),
    },
    workgroups: family === 'thin' ? linearGrid(tiles) : grid(tiles),
  };
}

/** The kernel's text. */
function codeOf(
  spec: MatmulSpec,
  { family, tile }: MatmulVariant,
  { a, b }: { readonly a: 'vec4' | 'scalar'; readonly b: Access },
  profile: MatmulProfile,
  place: string,
  store: StoreCode,
): string {
  const scalar = accumulatorType(spec);
  if (spec.b.windows) {
    const { taps, stride, dilation } = spec.b.windows;
    return slideCode({ scalar, cols: tile.cols, taps: taps[1], hop: stride[1] / dilation[1] }, place, store);
  }
  if (family === 'thin') return thinCode({ scalar, cols: tile.cols }, place, store);
  if (family === 'tiled') return tiledCode({ scalar, tile, nest: b === 'nest' }, place, store);
  const lanes = (profile.subgroupMinSize ?? 4) >= 8 ? 8 : 4;
  return directCode({ scalar, a, b, lanes }, place, store);
}

/** The two passes of a K-split: partial products to scratch, then their sums to the target. */
function splitPasses(spec: MatmulSpec, variant: MatmulVariant, profile: MatmulProfile, target: Target): Dispatch[] {
  const scalar = accumulatorType(spec);
  const partial = { ref: { kind: 'scratch', index: 0 }, element: scalar } as const;
  const toScratch: Target = {
    label: '',
    store: plainStore(scalar, scalar),
    buffers: [{ ...partial, name: 'c', access: 'read_write' }],
    uniforms: {},
    c: contiguousResult(spec.batch, spec.M, spec.N),
  };
  const elements = sizeOf(spec.batch) * spec.M * spec.N;
  return [
    tilePass(spec, variant, profile, toScratch),
    {
      label: `matmul combine ${variant.splits} splits${target.label}`,
      code: combineCode(scalar, placeCode(batchDims(spec, target.c).length), target.store),
      buffers: [{ ...partial, name: 'partial', access: 'read' }, ...target.buffers],
      uniforms: commonUniforms(spec, variant, target),
      workgroups: linearGrid(elements),
    },
  ];
}

function referenceOf(spec: MatmulSpec): ProgramKernel['reference'] {
  return (inputs: readonly HostArray[]): HostArray[] => {
    const product = matmulReference(spec, inputs[0]!, inputs[1]!);
    if (spec.epilogue) return spec.epilogue.reference(product, inputs);
    const dtype = resultType(spec);
    if (dtype === 'int32') return [Int32Array.from(product)];
    return [dtype === 'uint32' ? Uint32Array.from(product) : product];
  };
}

/**
 * A batched matrix product as a program: inputs a and b (then the epilogue's), output [batch..., M, N], or what the
 * epilogue declares. Sums are f32 (i32, u32 for integers, wrapping) whatever the storage; equal inputs give equal
 * bits; K = 0 gives zeros. float16 operands need an adapter with shader-f16.
 */
export function matmulKernel(spec: MatmulSpec, profile: MatmulProfile): ProgramKernel {
  check(spec);
  const folded = foldBatch(spec, tileColumns(spec, profile));
  const elements = sizeOf(spec.batch) * spec.M * spec.N;
  const variant = chooseMatmul(folded, profile);
  const target = finalTarget(folded, folded.c ?? contiguousResult(folded.batch, folded.M, folded.N));
  const split = variant.splits > 1;
  const passes = split ? splitPasses(folded, variant, profile, target) : [tilePass(folded, variant, profile, target)];
  return {
    label: `matmul ${spec.M} x ${spec.K} x ${spec.N}`,
    outputs: spec.epilogue?.outputs ?? [{ shape: [...spec.batch, spec.M, spec.N], dtype: resultType(spec) }],
    scratch: split ? [{ bytes: variant.splits * elements * 4, zero: false }] : [],
    dispatches: elements === 0 ? [] : passes,
    reference: referenceOf(spec),
  };
}
