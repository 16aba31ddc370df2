import { isFloat, type DType, type TypedArray } from '../dtype.js';
import type { Shape } from '../shape.js';
import type { PrimitiveAttrs, PrimitiveName } from './primitive.js';

/** Where a realised node's elements live: contiguous, row-major, on one device. */
export interface Storage {
  readonly bytes: number;
  /** One more node owns the storage. */
  retain(): void;
  /**
   * One node fewer owns it; the last one gives the memory back to the device's pool.
   * @param collected the host's garbage collector found the tensor, nobody gave it back.
   */
  release(collected?: boolean): void;
  /** False after the device was lost. */
  readonly alive: boolean;
}

let nextId = 1;

/** Number of the next node: nodes made from now on have this id or a larger one. */
export const nextNodeId = (): number => nextId;

/** Whether new nodes take over `requiresGrad` from their inputs; `noGrad` of packages/autograd switches it. */
export const gradientMode = { enabled: true };

/** Told of every new node while set: anomaly detection looks at all of them. */
export const nodeObserver: { made: ((node: Node) => void) | undefined } = { made: undefined };

/** One value of a cell between two assignments; equal objects, equal versions. `cell` gives the cell if it still lives. */
export interface CellVersion {
  readonly number: number;
  readonly cell: WeakRef<object>;
}

/**
 * A value in the lazy graph: a primitive applied to other nodes. Building nodes never touches a device.
 *
 * Nodes are reference-counted by the handles (`Tensor`) and the nodes that use them, so that memory is returned when
 * the last user is gone. A node that has been computed drops its inputs, unless a gradient may still walk through it.
 */
export class Node<P extends PrimitiveName = PrimitiveName> {
  readonly id = nextId++;
  /** Elements on the host, for leaves that were given by the user and not yet uploaded. */
  data: TypedArray | undefined;
  /** One storage per result; only programs have more than one. */
  storages: Storage[] | undefined;
  /** Where user code made this node; recorded under CHIARO_DEBUG. */
  site: string | undefined;
  requiresGrad = false;
  /** A version of a cell, or a tensor that gradients were asked for: they arrive here and go no further. */
  leaf = false;
  /** Of which version of which cell the node holds the value. */
  version: CellVersion | undefined;
  /** A backward pass went through here and nobody will come again: inputs need not be kept. */
  freed = false;
  /** A view that stays where it is when views are merged: gradients turn here. */
  opaque = false;
  /** Must be stored when it is computed with others, so that all readers see the same bits. */
  pinned = false;
  /** Length of the longest chain of unrealised nodes below: warns of loops that grow a graph for ever. */
  readonly depth: number;
  #inputs: readonly Node[];
  #references = 0;

  constructor(
    readonly prim: P,
    inputs: readonly Node[],
    readonly attrs: PrimitiveAttrs[P],
    readonly shape: Shape,
    readonly dtype: DType,
  ) {
    this.#inputs = inputs;
    let depth = 0;
    for (const input of inputs) {
      input.retain();
      if (input.depth >= depth && !input.realized) depth = input.depth + 1;
      if (input.requiresGrad && gradientMode.enabled && isFloat(dtype)) this.requiresGrad = true;
    }
    this.depth = depth;
    nodeObserver.made?.(this);
  }

  get inputs(): readonly Node[] {
    return this.#inputs;
  }

  /** True when the elements are stored on a device. */
  get realized(): boolean {
    return this.storages !== undefined;
  }

  get references(): number {
    return this.#references;
  }

  /** Is this a node of primitive `prim`? Narrows its attributes. */
  is<Q extends PrimitiveName>(prim: Q): this is Node<Q> {
    return (this.prim as PrimitiveName) === prim;
  }

  retain(): void {
    this.#references++;
  }

  /**
   * Drops one reference; the last one frees storage and inputs (iteratively: chains can be long).
   * @param collected the host's garbage collector found the tensor, nobody gave it back.
   */
  release(collected = false): void {
    const pending: Node[] = [this];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (--node.#references > 0) continue;
      const { storages } = node;
      node.storages = undefined;
      node.data = undefined;
      storages?.forEach((s) => s.release(collected));
      pending.push(...node.#inputs);
      node.#inputs = [];
    }
  }

  /** The node has its elements. Until `forget` is called it could be computed again. */
  settle(storages: Storage[]): void {
    this.storages?.forEach((s) => s.release());
    this.storages = storages;
    this.data = undefined;
  }

  /** Takes the elements away again: they turned out to be wrong. */
  unsettle(): void {
    this.storages?.forEach((s) => s.release());
    this.storages = undefined;
  }

  /** The elements are final: inputs are needed no longer, unless a gradient may walk to them. */
  forget(): void {
    if (this.requiresGrad && !this.freed && !this.leaf) return;
    this.#drop(0);
  }

  /** The backward pass is over: what is kept only for it can go. A view keeps what it is a view of. */
  free(): void {
    this.freed = true;
    if (this.realized) this.#drop(0);
    else if (this.is('reshape')) this.#drop(1);
  }

  #drop(keep: number): void {
    const dropped = this.#inputs.slice(keep);
    this.#inputs = this.#inputs.slice(0, keep);
    dropped.forEach((n) => n.release());
  }
}
