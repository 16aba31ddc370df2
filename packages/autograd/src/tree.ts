import { DTypeError, ShapeError, Tensor } from '@chiaro/tensor';
import { isFloat, leavesOf, mapTree, sameShape, showShape } from '@chiaro/tensor/engine';

/** A tree of gradients for a tree of tensors: the same arrays and objects; null where a leaf is not a real tensor. */
export type Gradients<T> = T extends Tensor
  ? Tensor
  : T extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { [K in keyof T]: Gradients<T[K]> }
    : null;

/** Takes the place of a function: its tensors are what the transform differentiates. */
const isVariable = (leaf: unknown): leaf is Tensor => leaf instanceof Tensor && isFloat(leaf.dtype);

/** The real tensors of a tree, in order. */
export const variablesOf = (tree: unknown): Tensor[] => leavesOf(tree).filter(isVariable);

/** The tree with its real tensors replaced. */
export function withVariables<T>(tree: T, replacements: readonly Tensor[]): T {
  let at = 0;
  return mapTree(tree, (leaf) => (isVariable(leaf) ? replacements[at++]! : leaf)) as T;
}

/** The tree of what belongs to its real tensors; null for its other leaves. */
export function gradientTree<T>(tree: T, gradients: readonly Tensor[]): Gradients<T> {
  let at = 0;
  return mapTree(tree, (leaf) => (isVariable(leaf) ? gradients[at++]! : null)) as Gradients<T>;
}

/** The real tensors of `tree`, which must match those of another tree one by one. */
export function matching(op: string, what: string, tree: unknown, of: readonly Tensor[]): Tensor[] {
  const tensors = variablesOf(tree);
  const shapes = (list: readonly Tensor[]): string => list.map((t) => showShape(t.shape)).join(', ') || 'none';
  if (tensors.length !== of.length || tensors.some((t, i) => !sameShape(t.shape, of[i]!.shape))) {
    throw new ShapeError(`${op}: ${what} have shapes ${shapes(tensors)}; they must match ${shapes(of)}`);
  }
  return tensors;
}

/** Throws unless there is something to differentiate by. */
export function expectVariables(op: string, variables: readonly Tensor[]): void {
  if (variables.length === 0) {
    throw new DTypeError(`${op}: the first argument holds no float32 or float16 tensor to differentiate by`);
  }
}
