import type { DType } from './dtype.js';
import { ShapeError } from './errors.js';
import { Node } from './graph/node.js';
import { castNode, expandNode, scalarNode } from './ops/apply.js';
import { tensor, type TensorLike } from './ops/create.js';
import { recordSite } from './runtime/debug.js';
import { noteDirty } from './runtime/dirty.js';
import { storageOf } from './graph/source.js';
import { activeTrace } from './runtime/trace.js';
import { sameShape, showShape, type Shape } from './shape.js';
import { live, Tensor } from './tensor.js';

/**
 * A tensor whose value can be replaced: optimiser state, running statistics. Everything computed from it before an
 * assignment keeps the old value. Inside a compiled function cells are state: read and updated at every call.
 */
export class Cell extends Tensor {
  #version = 0;
  readonly #self = new WeakRef<Cell>(this);

  /** @param value the first value: a tensor (its elements are shared, not copied) or numbers. */
  constructor(value: Tensor | TensorLike) {
    super(versionOf((value instanceof Tensor ? value : tensor(value)).node, false));
    this.ownNode.version = { number: 0, cell: this.#self };
  }

  /** How often the cell has been assigned. */
  get version(): number {
    return this.#version;
  }

  /** @internal */
  override get node(): Node {
    return activeTrace()?.read(this, this.ownNode) ?? this.current;
  }

  /** @internal The value outside of any trace. */
  get current(): Node {
    const node = this.ownNode;
    // once computed, a version needs nothing of how it was computed: hold its elements, not its history
    const storage = node.is('reshape') ? storageOf(node) : undefined;
    if (!storage) return node;
    const settled = new Node('data', [], {}, node.shape, node.dtype);
    settled.requiresGrad = node.requiresGrad;
    settled.leaf = true;
    settled.version = node.version;
    storage.retain();
    settled.storages = [storage];
    this.replaceNode(settled);
    return settled;
  }

  /**
   * Replaces the value. The graph built so far keeps reading the old one.
   * @throws ShapeError unless the shape stays the same (a single number fills it).
   */
  assign(value: Tensor | number): this {
    const current = this.ownNode;
    const given =
      typeof value === 'number' ? expandNode(scalarNode(value, current.dtype), current.shape) : live(value, 'assign');
    if (!sameShape(given.shape, current.shape)) {
      throw new ShapeError(
        `assign: a cell of shape ${showShape(current.shape)} cannot take a value of shape ${showShape(given.shape)}`,
      );
    }
    this.moveTo(versionOf(castNode(given, current.dtype), current.requiresGrad));
    return this;
  }

  /** @internal Takes over a node as the next version. */
  moveTo(version: Node): void {
    version.version = { number: this.#version + 1, cell: this.#self };
    const trace = activeTrace();
    if (trace) {
      version.retain();
      trace.assign(this, this.ownNode, version);
    } else {
      this.#version++;
      this.replaceNode(version);
      noteDirty(this);
    }
  }
}

/** A node of its own for a value: an alias that gradients stop at. */
function versionOf(value: Node, requiresGrad: boolean): Node {
  const version = new Node('reshape', [value], {}, value.shape, value.dtype);
  version.requiresGrad = requiresGrad;
  version.leaf = true;
  recordSite(version);
  return version;
}

/** A cell that gradients flow to: what optimisers change. */
export class Parameter extends Cell {
  constructor(value: Tensor | TensorLike) {
    super(value);
    this.ownNode.requiresGrad = true;
  }

  /** A parameter filled with one value. */
  static full(shape: Shape, value: number, options: { readonly dtype?: DType } = {}): Parameter {
    return new Parameter(new Tensor(expandNode(scalarNode(value, options.dtype ?? 'float32'), shape)));
  }

  /** A parameter of zeros. */
  static zeros(shape: Shape, options: { readonly dtype?: DType } = {}): Parameter {
    return Parameter.full(shape, 0, options);
  }
}
