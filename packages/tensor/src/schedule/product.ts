import type { Node } from '../graph/node.js';
import { bufferDType, type Backing } from '../kernel/buffer.js';
import { affine, combine, constantForm, leaves, type Atom, type Form } from '../kernel/space.js';
import { MOST_LOOPS } from '../kernels/matmul/nest.js';
import type { Loop, MatmulDType, MatmulOperand, MatmulSpec } from '../kernels/matmul/spec.js';
import { MustStore } from './lower.js';
import { stripReshapes, viewAt, type OperandLayout } from './operand.js';

/** A node that matmul kernels compute: what is multiplied, and from which buffers. */
export interface Product {
  readonly node: ProductNode;
  /** Its operands count from the starts of their buffers; without an epilogue. */
  readonly spec: MatmulSpec;
  readonly a: Backing;
  readonly b: Backing;
}

/** Nodes that matmul kernels compute. */
export type ProductNode = Node<'matmul'> | Node<'conv'>;

const dtypeOf = (backing: Backing): MatmulDType => bufferDType(backing) as MatmulDType;

/** The product of a matmul node, its batch dimensions merged where both operands walk them with one stride. */
export function matmulProduct(node: Node<'matmul'>, a: OperandLayout, b: OperandLayout): Product {
  const rank = node.shape.length;
  const [left, right] = node.inputs as [Node, Node];
  const batch: number[] = [];
  const strides: [number[], number[]] = [[], []];
  for (let d = 0; d < rank - 2; d++) {
    const size = node.shape[d]!;
    if (size === 1) continue;
    const last = batch.length - 1;
    const [sa, sb] = [a.strides[d]!, b.strides[d]!];
    if (last >= 0 && strides[0][last] === sa * size && strides[1][last] === sb * size) {
      batch[last]! *= size;
      strides[0][last] = sa;
      strides[1][last] = sb;
    } else {
      batch.push(size);
      strides[0].push(sa);
      strides[1].push(sb);
    }
  }
  const operand = (layout: OperandLayout, batchStrides: number[]): MatmulOperand => ({
    dtype: dtypeOf(layout.backing),
    offset: layout.offset,
    strides: [batchStrides, layout.strides[rank - 2]!, layout.strides[rank - 1]!],
  });
  const spec: MatmulSpec = {
    batch,
    M: node.shape[rank - 2]!,
    N: node.shape[rank - 1]!,
    K: right.shape[rank - 2] ?? left.shape[rank - 1]!,
    a: operand(a, strides[0]),
    b: operand(b, strides[1]),
    dtype: node.dtype as MatmulDType,
  };
  return { node, spec, a: a.backing, b: b.backing };
}

/** A loop of so many turns and its counter; a single turn needs none. */
function counter(size: number): { readonly atom: Atom; readonly form: Form } {
  const atom: Atom = { size, parts: undefined };
  return { atom, form: size === 1 ? constantForm(0) : { offset: 0, terms: [[atom, 1]] } };
}

/** The loops of nested counters in a form, neighbours merged where they are evenly spaced. */
function loopsOf(counters: readonly { readonly atom: Atom }[], form: Form): Loop[] {
  const strides = new Map(form.terms);
  const loops: Loop[] = [];
  for (const { size, stride } of counters
    .flatMap(({ atom }) => leaves(atom))
    .map((atom) => ({ size: atom.size, stride: strides.get(atom) ?? 0 }))) {
    if (size === 1) continue;
    const last = loops.at(-1);
    if (last?.stride === stride * size) loops[loops.length - 1] = { size: last.size * size, stride };
    else loops.push({ size, stride });
  }
  return loops;
}

/**
 * The product of a convolution: kernels [groups, O, I kh kw] times the windows of the images as columns
 * [B, groups, I kh kw, H' W'], which are read where they overlap in the images.
 */
export function convProduct(node: Node<'conv'>, isStored: (node: Node) => boolean): Product {
  const [images, kernels] = node.inputs as [Node, Node];
  const { stride, dilation, groups } = node.attrs;
  const [B, O, H, W] = node.shape as [number, number, number, number];
  const [, I, kh, kw] = kernels.shape as [number, number, number, number];
  const channel = (group: Form, size: number, within: Form): Form =>
    combine([
      [group, size],
      [within, 1],
    ]);

  const [g, o, i, p, q] = [groups, O / groups, I, kh, kw].map(counter) as [Counter, Counter, Counter, Counter, Counter];
  const a = viewAt(kernels, [channel(g.form, O / groups, o.form), i.form, p.form, q.form], isStored);
  const [aGroups, aRows, aCols] = [[g], [o], [i, p, q]].map((each) => a && loopsOf(each, a.form));
  if (!a || [aGroups!, aRows!, aCols!].some((loops) => loops.length > 1)) {
    throw new MustStore(stripReshapes(kernels), 'kernels whose elements are not evenly spaced');
  }

  const [b, h, c, y, x, r, s] = [B, groups, I, H, W, kh, kw].map(counter) as [
    Counter,
    Counter,
    Counter,
    Counter,
    Counter,
    Counter,
    Counter,
  ];
  const at = (d: 0 | 1, window: Form, inside: Form): Form =>
    combine([
      [affine(window, stride[d], 0), 1],
      [affine(inside, dilation[d], 0), 1],
    ]);
  const v = viewAt(
    images,
    [b.form, channel(h.form, I, c.form), at(0, y.form, r.form), at(1, x.form, s.form)],
    isStored,
  );
  const [batch, bGroups, rows, cols] = [[b], [h], [c, r, s], [y, x]].map((each) => v && loopsOf(each, v.form));
  if (!v || batch!.length > 1 || bGroups!.length > 1 || rows!.length > MOST_LOOPS || cols!.length >= MOST_LOOPS) {
    throw new MustStore(stripReshapes(images), 'images whose elements are not evenly spaced');
  }
  const step = (loops: readonly Loop[]): number => loops[0]?.stride ?? 0;
  const even = rows!.length <= 1 && cols!.length <= 1;
  const dims = [
    { size: B, a: 0, b: step(batch!) },
    { size: groups, a: step(aGroups!), b: step(bGroups!) },
  ].filter(({ size }) => size !== 1);
  const spec: MatmulSpec = {
    batch: dims.map(({ size }) => size),
    M: O / groups,
    N: H * W,
    K: I * kh * kw,
    a: {
      dtype: dtypeOf(a.backing),
      offset: a.form.offset,
      strides: [dims.map((d) => d.a), step(aRows!), step(aCols!)],
    },
    b: {
      dtype: dtypeOf(v.backing),
      offset: v.form.offset,
      strides: [dims.map((d) => d.b), even ? step(rows!) : 0, even ? step(cols!) : 0],
      ...(!even && { nest: { rows: rows!, cols: cols! } }),
    },
    dtype: 'float32',
  };
  return { node, spec, a: a.backing, b: v.backing };
}

type Counter = ReturnType<typeof counter>;
