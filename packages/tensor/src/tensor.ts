import { sizeOf, showShape, type Shape } from './shape.js';
import type { DType, TypedArray } from './dtype.js';
import { ChiaroError, DTypeError, ShapeError } from './errors.js';
import { Node } from './graph/node.js';
import { readNode } from './runtime/realize.js';
import { assertMayRead, noteTensor } from './runtime/scope.js';

/** Nested arrays of numbers, as deep as a tensor's rank. */
export type NestedArray = number | NestedArray[];

const collected = new FinalizationRegistry<Node>((node) => node.release(true));

/**
 * A multi-dimensional array of numbers that may not have been computed yet: a handle on a node of the lazy graph.
 *
 * Operations only work out shape and dtype; nothing runs before the elements are asked for by `data`, `item` or
 * `array`. Tensors are values: no operation changes one. Memory comes back when a tensor is garbage-collected, or
 * at once by `dispose`, `using` or `tidy`.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * await x.mul(2).sum(1).data();        // Float32Array [6, 14]
 */
export class Tensor {
  #node: Node;
  #disposed = false;

  /** @internal Use `tensor`, `zeros`, `randn`, ... */
  constructor(node: Node) {
    this.#node = node;
    node.retain();
    collected.register(this, node, this);
    noteTensor(this);
  }

  /** @internal The graph node; a cell moves on to another one when it is assigned. */
  get node(): Node {
    return this.#node;
  }

  /** Sizes of the dimensions, outermost first. */
  get shape(): Shape {
    return this.node.shape;
  }

  get dtype(): DType {
    return this.node.dtype;
  }

  /** Number of dimensions. */
  get rank(): number {
    return this.node.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.node.shape);
  }

  /** True for a tensor that gradients flow to. */
  get requiresGrad(): boolean {
    return this.node.requiresGrad;
  }

  /** True after `dispose`. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** The elements, row-major: Float32Array (float16 too), Int32Array, Uint32Array, or Uint8Array of 0 and 1 for bool. */
  async data(): Promise<TypedArray> {
    assertMayRead('data');
    return readNode(live(this, 'data'));
  }

  /** The one element of a tensor of size 1 (bool: 0 or 1). */
  async item(): Promise<number> {
    if (this.size !== 1) {
      throw new ShapeError(
        `item: the tensor has shape ${showShape(this.shape)}, not one element; use data() or array()`,
      );
    }
    return (await this.data())[0]!;
  }

  /** The elements as nested arrays; a number for shape []. */
  async array(): Promise<NestedArray> {
    const data = await this.data();
    let at = 0;
    const build = (d: number): NestedArray =>
      d === this.shape.length ? data[at++]! : Array.from({ length: this.shape[d]! }, () => build(d + 1));
    return build(0);
  }

  /** Gives the memory back at once, unless other tensors still need it. The tensor must not be used any more. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    collected.unregister(this);
    this.#node.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal The node without a cell's detour. */
  protected get ownNode(): Node {
    return this.#node;
  }

  /** @internal Points the handle at another node: assignment to a cell, or a tensor that becomes a leaf. */
  replaceNode(node: Node): void {
    node.retain();
    collected.unregister(this);
    this.#node.release();
    this.#node = node;
    collected.register(this, node, this);
  }

  /** Tensors are not JavaScript numbers: this says what to do instead of giving NaN. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new ChiaroError(
      'a tensor was used as a number: write a.add(b) instead of a + b, or read it with await a.item(). Inside compile, ' +
        'number arguments are tensors too; pass what must stay a number as a static option',
    );
  }

  toString(): string {
    return `Tensor(${showShape(this.shape)}, ${this.dtype})`;
  }
}

/** The node of a tensor that an operation is about to use. */
export function live(t: Tensor, op: string): Node {
  if (!(t instanceof Tensor)) {
    const what = t === null ? 'null' : Array.isArray(t) ? 'an array; wrap it in tensor(...)' : typeof t;
    throw new DTypeError(`${op} takes tensors, got ${what}`);
  }
  if (t.disposed) throw new ChiaroError(`${op}: the tensor ${t.toString()} was disposed of before this use`);
  return t.node;
}
