import type { Node } from '../graph/node.js';
import { bufferDType, type Backing } from '../kernel/buffer.js';
import { affine, combine, constantForm, leaves, type Atom, type Form } from '../kernel/space.js';
import { MOST_LOOPS } from '../kernels/matmul/nest.js';
import type { Loop, MatmulDType, MatmulOperand, MatmulSpec, Windows } from '../kernels/matmul/spec.js';
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

/** A channel, from its group of so many and its place within. */
const channel = (group: Form, size: number, within: Form): Form =>
  combine([
    [group, size],
    [within, 1],
  ]);

/** Elements in a row of a kernel that slides: more need more registers and take longer to compile. */
const WIDEST_SLIDE = 7;
/** Longest sum of a kernel that slides: it is added up in one go. */
const LONGEST_SLIDE = 256;

/**
 * Whether the windows of a convolution are read from images as they slide over them: one output channel per group, as
 * in depthwise convolutions, and windows that begin at pixels of the same spacing as the kernel's elements.
 */
function slides({ inputs, attrs, shape }: Node<'conv'>): boolean {
  const [, I, kh, kw] = inputs[1]!.shape as [number, number, number, number];
  const { stride, dilation, groups } = attrs;
  const short = kw > 1 && kw <= WIDEST_SLIDE && I * kh * kw <= LONGEST_SLIDE;
  const hop = stride[1] / dilation[1];
  return short && shape[1] === groups && Number.isInteger(hop) && hop <= kw;
}

/** The images behind the zeros around the images of a convolution, where its kernel reads them without: windows that slide. */
export function insideOfPad(node: Node<'conv'>): Node | undefined {
  const images = node.inputs[0]!;
  if (!images.is('pad') || !slides(node)) return undefined;
  const inside = images.inputs[0]!;
  return [0, 1].every((d) => inside.shape[d] === images.shape[d]) ? inside : undefined;
}

/**
 * Windows that slide over images, and the stride from image to image and from group to group; undefined where the
 * pixels are not evenly spaced in memory.
 */
function slidingWindows(node: Node<'conv'>, isStored: (node: Node) => boolean): WindowOperand | undefined {
  const { stride, dilation, groups } = node.attrs;
  const [, I, kh, kw] = node.inputs[1]!.shape as [number, number, number, number];
  const given = node.inputs[0]!;
  const padded = isStored(given) ? undefined : insideOfPad(node);
  const images = padded ?? given;
  const [B, , H, W] = images.shape as [number, number, number, number];
  const counters = [B, groups, I, H, W].map(counter) as [Counter, Counter, Counter, Counter, Counter];
  const [b, g, i, y, x] = counters;
  const view = viewAt(images, [b.form, channel(g.form, I, i.form), y.form, x.form], isStored);
  const loops = counters.map((each) => view && loopsOf([each], view.form));
  if (!view || loops.some((each) => each!.length > 1)) return undefined;
  const [ofBatch, ofGroups, channels, rows, cols] = counters.map(({ atom: { size } }, d): Loop => ({
    size,
    stride: loops[d]![0]?.stride ?? 0,
  })) as [Loop, Loop, Loop, Loop, Loop];
  const before = (padded && given.is('pad') ? given.attrs.before : [0, 0, 0, 0]) as readonly number[];
  const windows: Windows = {
    channels,
    pixels: [rows, cols],
    taps: [kh, kw],
    count: [node.shape[2]!, node.shape[3]!],
    before: [before[2]!, before[3]!],
    stride,
    dilation,
  };
  const operand: MatmulOperand = {
    dtype: dtypeOf(view.backing),
    offset: view.form.offset,
    strides: [[], 0, 0],
    windows,
  };
  return { operand, backing: view.backing, steps: [ofBatch.stride, ofGroups.stride] };
}

/**
 * The product of a convolution: kernels [groups, O, I kh kw] times the windows of the images as columns
 * [B, groups, I kh kw, H' W'], which are read where they overlap in the images.
 */
export function convProduct(node: Node<'conv'>, isStored: (node: Node) => boolean): Product {
  const kernels = node.inputs[1]!;
  const { groups } = node.attrs;
  const [, O, H, W] = node.shape as [number, number, number, number];
  const [, I, kh, kw] = kernels.shape as [number, number, number, number];
  const [g, o, i, p, q] = [groups, O / groups, I, kh, kw].map(counter) as [Counter, Counter, Counter, Counter, Counter];
  const a = viewAt(kernels, [channel(g.form, O / groups, o.form), i.form, p.form, q.form], isStored);
  const [aGroups, aRows, aCols] = [[g], [o], [i, p, q]].map((each) => a && loopsOf(each, a.form));
  if (!a || [aGroups!, aRows!, aCols!].some((loops) => loops.length > 1)) {
    throw new MustStore(stripReshapes(kernels), 'kernels whose elements are not evenly spaced');
  }

  const sliding = slides(node) ? slidingWindows(node, isStored) : undefined;
  const windows = sliding ?? nestedWindows(node, isStored);
  const step = (loops: readonly Loop[]): number => loops[0]?.stride ?? 0;
  const dims = [
    { size: node.shape[0]!, a: 0, b: windows.steps[0] },
    { size: groups, a: step(aGroups!), b: windows.steps[1] },
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
    b: { ...windows.operand, strides: [dims.map((d) => d.b), windows.operand.strides[1], windows.operand.strides[2]] },
    dtype: 'float32',
  };
  return { node, spec, a: a.backing, b: windows.backing };
}

/** Windows as nested loops over images that are stored with the zeros around them. */
function nestedWindows(node: Node<'conv'>, isStored: (node: Node) => boolean): WindowOperand {
  const images = node.inputs[0]!;
  const { stride, dilation, groups } = node.attrs;
  const [B, , H, W] = node.shape as [number, number, number, number];
  const [, I, kh, kw] = node.inputs[1]!.shape as [number, number, number, number];
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
  const operand: MatmulOperand = {
    dtype: dtypeOf(v.backing),
    offset: v.form.offset,
    strides: [[], even ? step(rows!) : 0, even ? step(cols!) : 0],
    ...(!even && { nest: { rows: rows!, cols: cols! } }),
  };
  return { operand, backing: v.backing, steps: [step(batch!), step(bGroups!)] };
}

/** Windows of images as an operand without its batch, and its strides from image to image and from group to group. */
interface WindowOperand {
  readonly operand: MatmulOperand;
  readonly backing: Backing;
  readonly steps: readonly [images: number, groups: number];
}

type Counter = ReturnType<typeof counter>;
