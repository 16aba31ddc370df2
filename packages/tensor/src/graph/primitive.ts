import type { ExprFunction } from '../expr/index.js';
import type { ProgramKernel } from '../kernel/dispatch.js';
import type { AdapterProfile } from '../device/profile.js';
import type { DType } from '../dtype.js';
import type { Shape } from '../shape.js';

/** Associative operations that a `reduce` node folds with. `max` and `min` propagate NaN. */
export type ReduceOp = 'sum' | 'prod' | 'max' | 'min';

/** A kernel with several results that the graph does not look into: sort, scan, scatter, custom programs. */
export interface ProgramCall {
  readonly name: string;
  readonly outputs: readonly { readonly shape: Shape; readonly dtype: DType }[];
  /** Builds the dispatches for an adapter; called once per schedule. */
  readonly build: (profile: AdapterProfile) => ProgramKernel;
  /** What a rule of differentiation needs to know: operation-specific, typed by who made the call. */
  readonly detail?: unknown;
  /** For programs whose capacity depends on data: see program/capacity.ts. */
  readonly capacity?: CapacityContract;
}

/** How a program with data-dependent capacity says that it overflowed; see program/capacity.ts. */
export interface CapacityContract {
  /** Which output holds, in element 0, the amount that was needed. */
  readonly neededOutput: number;
  /** Room that `build` makes; grows when it was too small. */
  capacity: number;
}

/**
 * The primitives and what each node carries beside its inputs. Everything that the library offers is composed of
 * these; schedule/ knows how to run them and packages/autograd how to differentiate them.
 */
export interface PrimitiveAttrs {
  /** Elements given by the user or already computed: a leaf with data or storage. */
  data: Record<never, never>;
  /** One number, shape []; larger constants are expanded views of it. Lives in the uniform block of kernels. */
  scalar: { readonly value: number };
  /** A number or tensor that a compiled function receives anew at every call. */
  argument: { readonly slot: number; readonly kind: 'number' | 'tensor' };
  /** 0, 1, 2, ... along one dimension, int32, never stored. */
  iota: Record<never, never>;
  /** A scalar function applied to every element of inputs that all have the node's shape. */
  elementwise: { readonly fn: ExprFunction; readonly output: number };
  /** Folds `axes` away. */
  reduce: { readonly op: ReduceOp; readonly axes: readonly number[] };
  reshape: Record<never, never>;
  /** out.shape[i] = in.shape[axes[i]]. */
  permute: { readonly axes: readonly number[] };
  /** Dimensions of size 1 repeated; ranks are equal. */
  expand: Record<never, never>;
  /** out[c] = in[start + step * c] per dimension; steps may be negative. */
  slice: { readonly starts: readonly number[]; readonly steps: readonly number[] };
  /** Windows along a dimension, their elements in a new last one: out[.., o, .., k] = in[.., step * o + k, ..]. */
  unfold: { readonly dim: number; readonly step: number };
  /** Zeros (or false) around the input; out[c] = in[c - before]. */
  pad: { readonly before: readonly number[] };
  /** Inputs side by side along `dim`. */
  concat: { readonly dim: number };
  /** out[c] = table[c with c[dim] replaced by index[c]]; inputs (table, index); indices are clamped to the table. */
  gather: { readonly dim: number };
  /** [..., M, K] x [..., K, N] with equal leading dimensions. */
  matmul: Record<never, never>;
  /**
   * out[b, o, y, x] = sum over i, p, q of images[b, c + i, sy y + dy p, sx x + dx q] kernels[o, i, p, q]; inputs (images
   * [B, C, H, W], kernels [O, I, kh, kw]). Channels c ... c + I - 1 are those of o's group, one of C / I groups. What
   * lies around an image is no part of it: `pad` puts it there.
   */
  conv: {
    readonly stride: readonly [y: number, x: number];
    readonly dilation: readonly [y: number, x: number];
    readonly groups: number;
  };
  /** Several results at once; `pick` selects one. Inputs are contiguous buffers. */
  program: ProgramCall;
  /** One result of a `program`. */
  pick: { readonly index: number };
}

/** Names of the primitives. */
export type PrimitiveName = keyof PrimitiveAttrs;

const movement: ReadonlySet<PrimitiveName> = new Set([
  'reshape',
  'permute',
  'expand',
  'slice',
  'unfold',
  'pad',
] as const);

/** Does a node only move elements (or put zeros around them)? Its one input is the first; kernels compute it in place. */
export const isMovement = ({ prim }: { readonly prim: PrimitiveName }): boolean => movement.has(prim);
