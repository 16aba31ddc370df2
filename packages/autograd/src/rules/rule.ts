import type { Tensor } from '@chiaro/tensor';
import type { Node, PrimitiveName } from '@chiaro/tensor/engine';

/** What a reverse rule gets: a node of the graph and the gradient of what it gives. */
export interface VjpCall<P extends PrimitiveName> {
  readonly node: Node<P>;
  /** The node's inputs as tensors. */
  readonly inputs: readonly Tensor[];
  /** Which inputs gradients are wanted for. */
  readonly wants: readonly boolean[];
  /** The node's value (its first result). */
  readonly output: Tensor;
  /** Gradient of the value (of the first result that has one). */
  readonly grad: Tensor;
  /** Gradients of all results; undefined where nothing depends on one. Only programs have more than one. */
  readonly grads: readonly (Tensor | undefined)[];
}

/** Gradients of a node's inputs from the gradient of its value; undefined where there is none. A tensor program. */
export type VjpRule<P extends PrimitiveName> = (call: VjpCall<P>) => readonly (Tensor | undefined)[];

/** What a forward rule gets: a node of the graph and the tangents of its inputs. */
export interface JvpCall<P extends PrimitiveName> {
  readonly node: Node<P>;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** Tangents of the inputs; undefined: the input does not move. */
  readonly tangents: readonly (Tensor | undefined)[];
}

/** Tangents of a node's results from those of its inputs. A tensor program. */
export type JvpRule<P extends PrimitiveName> = (call: JvpCall<P>) => readonly (Tensor | undefined)[];

/** The rule of values that do not depend on anything. */
export const constant = (): readonly undefined[] => [];
