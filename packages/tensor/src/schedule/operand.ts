import type { Node } from '../graph/node.js';
import type { Backing } from '../kernel/buffer.js';
import { backingOf } from './lower.js';
import {
  affine,
  constantForm,
  iterate,
  linearIndex,
  reshapeCoords,
  resolve,
  unfoldCoords,
  type Form,
} from '../kernel/space.js';

/** Where the elements of a view lie in the buffer behind it: offset + sum of strides[d] * coordinate[d]. */
export interface OperandLayout {
  readonly backing: Backing;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** The layout of a node that is only moved, not computed, from something stored; undefined if it has none. */
export function operandLayout(node: Node, isStored: (node: Node) => boolean): OperandLayout | undefined {
  const { atoms, coords } = iterate(node.shape);
  const view = viewAt(node, coords, isStored);
  if (!view || atoms.some((a) => a.parts)) return undefined;
  const { backing, form } = view;
  const strides = coords.map((c) => (c.terms[0] ? (form.terms.find(([a]) => a === c.terms[0]![0])?.[1] ?? 0) : 0));
  return { backing, offset: form.offset, strides };
}

/** Where in memory the element of `node` at some coordinates lies, if it is only moved there from something stored. */
export function viewAt(
  node: Node,
  coords: readonly Form[],
  isStored: (node: Node) => boolean,
): { readonly backing: Backing; readonly form: Form } | undefined {
  let at = coords;
  let n = node;
  const behind = (m: Node): Backing | undefined => {
    const source = stripReshapes(m);
    return backingOf(m, isStored) ?? (widens(source) ? behind(source.inputs[0]!) : undefined);
  };
  let backing = behind(n);
  for (; !backing; backing = behind(n)) {
    const input = n.inputs[0];
    if (!input) return undefined;
    let inner: Form[] | undefined;
    if (widens(n)) inner = [...at];
    else if (n.is('permute')) {
      inner = [];
      n.attrs.axes.forEach((axis, i) => (inner![axis] = at[i]!));
    } else if (n.is('slice')) {
      const { starts, steps } = n.attrs;
      inner = at.map((c, i) => affine(c, steps[i]!, starts[i]!));
    } else if (n.is('expand')) {
      inner = at.map((c, i) => (input.shape[i] === 1 ? constantForm(0) : c));
    } else if (n.is('unfold')) inner = unfoldCoords(at, n.attrs);
    else if (n.is('reshape')) inner = reshapeCoords(at, n.shape, input.shape);
    if (!inner) return undefined;
    at = inner;
    n = input;
  }
  return { backing, form: resolve(linearIndex(at, n.shape)) };
}

/** Whether a node only widens float16 to float32, as kernels do when they load it. */
export const widens = (n: Node): boolean =>
  n.is('elementwise') && n.inputs[0]?.dtype === 'float16' && n.attrs.fn.outputs[0] === n.attrs.fn.inputs[0];

/** What is stored when a node must be: reshapes share the buffer behind them. */
export function stripReshapes(node: Node): Node {
  let n = node;
  while (n.is('reshape')) n = n.inputs[0]!;
  return n;
}
