import { zeros, type Tensor } from '@chiaro/tensor';
import { correlate, type PrimitiveName } from '@chiaro/tensor/engine';
import { elementwiseJvp } from './elementwise.js';
import { concatTangents } from './movement.js';
import { programJvp } from './program.js';
import { reduceJvp } from './reduce.js';
import { constant, type JvpRule } from './rule.js';

const sum = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined => (a && b ? a.add(b) : (a ?? b));

/** Forward derivative of every primitive. Rules run only where some input moves; movement moves its tangent along. */
export const jvpRules: { readonly [P in PrimitiveName]: JvpRule<P> } = {
  data: constant,
  scalar: constant,
  argument: constant,
  iota: constant,
  elementwise: ({ node, inputs, tangents }) => [
    elementwiseJvp(node.attrs.fn, node.attrs.output, inputs, tangents, node.dtype),
  ],
  reduce: ({ node, inputs: [x], output, tangents: [t] }) => [reduceJvp(node, x!, output, t!)],
  reshape: ({ node, tangents: [t] }) => [t?.reshape(node.shape)],
  permute: ({ node, tangents: [t] }) => [t!.permute(node.attrs.axes)],
  expand: ({ node, tangents: [t] }) => [t!.expand(node.shape)],
  slice: ({ node, tangents: [t] }) => {
    const { starts, steps } = node.attrs;
    const ends = starts.map((s, d) => s + steps[d]! * node.shape[d]!);
    return [
      t!.slice(
        ...starts.map((s, d): [number, number | null, number] => [s, ends[d]! < 0 ? null : ends[d]!, steps[d]!]),
      ),
    ];
  },
  unfold: ({ node, tangents: [t] }) => [t!.unfold(node.attrs.dim, node.shape[node.shape.length - 1]!, node.attrs.step)],
  pad: ({ node, inputs: [x], tangents: [t] }) => {
    const { before } = node.attrs;
    return [t!.pad(before.map((b, d): [number, number] => [b, node.shape[d]! - b - x!.shape[d]!]))];
  },
  concat: ({ node, inputs, tangents }) => [
    concatTangents(
      tangents,
      inputs.map((x) => x.shape),
      node.attrs.dim,
      node.dtype,
    ),
  ],
  gather: ({ node, inputs: [table, index], tangents: [t] }) => [
    t ? t.gather(node.attrs.dim, index!) : zeros([...node.shape], { dtype: table!.dtype }),
  ],
  matmul: ({ inputs: [a, b], tangents: [da, db] }) => [sum(da?.matmul(b!), db && a!.matmul(db))],
  conv: ({ node, inputs: [x, w], tangents: [dx, dw] }) => [
    sum(dx && correlate(dx, w!, node.attrs), dw && correlate(x!, dw, node.attrs)),
  ],
  program: programJvp,
  pick: ({ node, tangents }) => [tangents[node.attrs.index]], // the tangents of all results of its program
};
