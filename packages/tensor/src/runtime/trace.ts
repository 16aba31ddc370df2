import { Node } from '../graph/node.js';
import type { DType } from '../dtype.js';
import type { Cell } from '../cell.js';
import type { Tensor } from '../tensor.js';
import type { Draw, Generator } from '../generator.js';

/** Where a replay finds the value of a number slot. */
export type NumberSource =
  | { readonly kind: 'argument'; readonly index: number }
  | { readonly kind: 'draw'; readonly generator: Generator; readonly offset: number; readonly word: 0 | 1 }
  | { readonly kind: 'seed'; readonly generator: Generator; readonly word: 0 | 1 };

/** A cell as a traced function uses it. */
export interface TracedCell {
  readonly cell: Cell;
  /** Stands for the value that the cell has when a replay begins. */
  readonly before: Node<'argument'>;
  /** The value that the function leaves in it; undefined if it only reads. */
  after: Node | undefined;
}

/** What `compile` records while the function runs once on placeholders. */
export class Trace {
  readonly cells = new Map<Cell, TracedCell>();
  readonly numbers: NumberSource[] = [];
  /** Run when the traced function has returned, while it is still being recorded. */
  readonly endings: (() => void)[] = [];
  /** Run before every call. */
  readonly checks: (() => void)[] = [];
  /** Results that the function does not return: `deliver` gets them at every call. */
  readonly extras: { readonly tensor: Tensor; readonly deliver: (tensor: Tensor) => void }[] = [];
  readonly #draws = new Map<Generator, number>();
  readonly #keys = new Map<Generator, Draw['key']>();
  #slots = 0;

  /** A placeholder for a tensor. */
  tensorSlot(shape: readonly number[], dtype: DType): Node<'argument'> {
    return new Node('argument', [], { slot: this.#slots++, kind: 'tensor' }, [...shape], dtype);
  }

  /** A placeholder for a number, read from the uniform block. */
  numberSlot(source: NumberSource, dtype: DType): Node<'argument'> {
    const slot = this.numbers.push(source) - 1;
    return new Node('argument', [], { slot, kind: 'number' }, [], dtype);
  }

  /** What a cell's value is at this point of the function. */
  read(cell: Cell, current: Node): Node {
    const traced = this.#cell(cell, current);
    return traced.after ?? traced.before;
  }

  assign(cell: Cell, current: Node, value: Node): void {
    this.#cell(cell, current).after = value;
  }

  #cell(cell: Cell, current: Node): TracedCell {
    let traced = this.cells.get(cell);
    if (!traced) {
      const before = this.tensorSlot(current.shape, current.dtype);
      before.requiresGrad = current.requiresGrad;
      before.leaf = current.leaf;
      before.version = current.version;
      before.retain();
      traced = { cell, before, after: undefined };
      this.cells.set(cell, traced);
    }
    return traced;
  }

  /** The next draw of a generator: a counter that moves on with every replay, and the seed that the generator has then. */
  draw(generator: Generator): Draw {
    const offset = this.#draws.get(generator) ?? 0;
    this.#draws.set(generator, offset + 1);
    const slot = (source: NumberSource): Node => this.numberSlot(source, 'uint32');
    let key = this.#keys.get(generator);
    if (!key) {
      key = [slot({ kind: 'seed', generator, word: 0 }), slot({ kind: 'seed', generator, word: 1 })];
      this.#keys.set(generator, key);
    }
    const counter: Draw['counter'] = [
      slot({ kind: 'draw', generator, offset, word: 0 }),
      slot({ kind: 'draw', generator, offset, word: 1 }),
    ];
    return { counter, key };
  }

  /** How many draws one replay makes of each generator. */
  get draws(): ReadonlyMap<Generator, number> {
    return this.#draws;
  }
}

let active: Trace | undefined;

/** The trace that is being recorded, if any. */
export const activeTrace = (): Trace | undefined => active;

/** Runs `fn` while recording into `trace`. */
export function recording<T>(trace: Trace, fn: () => T): T {
  const outer = active;
  active = trace;
  try {
    return fn();
  } finally {
    active = outer;
  }
}
