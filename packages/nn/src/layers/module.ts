import { Cell, FormatError, Parameter, ShapeError, tensor, type Tensor } from '../engine.js';

/** Elements with a shape, as files of weights hold them. */
export interface NamedArray {
  readonly shape: readonly number[];
  /** Row-major; as many as the shape says. */
  readonly data: ArrayLike<number>;
}

/** Arrays by name: what PyTorch calls a state dict. */
export type StateDict = Readonly<Record<string, NamedArray>>;

/**
 * A part of a network: a function of tensors together with what it has learned. Parameters, buffers (cells that are no
 * parameters) and other modules are properties of a subclass, alone or in arrays; their names with dots in between, as
 * in `features.0.weight`, are PyTorch's where the properties are called as there.
 *
 * @example
 * class Block extends Module {
 *   readonly conv = new Conv2d(8, 8, 3, { padding: 1 });
 *   override forward(x: Tensor): Tensor {
 *     return this.conv.forward(x).relu().add(x);
 *   }
 * }
 * new Adam(new Block().parameters());
 */
export abstract class Module {
  /** What the module computes. */
  abstract forward(x: Tensor): Tensor;

  /** The parameters of this module and of those in it, in the order of the properties. */
  parameters(): Parameter[] {
    return [...this.namedState().values()].filter((cell): cell is Parameter => cell instanceof Parameter);
  }

  /** Parameters and buffers by their names. */
  namedState(): Map<string, Cell> {
    const state = new Map<string, Cell>();
    const visit = (name: string, value: unknown): void => {
      if (value instanceof Cell) state.set(name, value);
      else if (value instanceof Module)
        value.namedState().forEach((cell, inner) => state.set(`${name}.${inner}`, cell));
      else if (Array.isArray(value)) value.forEach((item, i) => visit(`${name}.${i}`, item));
    };
    for (const [name, value] of Object.entries(this)) visit(name, value);
    return state;
  }

  /**
   * Takes over the elements of arrays by their names.
   * @throws FormatError for names that are missing or too many, ShapeError for other shapes, before anything changes.
   */
  load(arrays: StateDict): this {
    const state = this.namedState();
    const missing = [...state.keys()].filter((name) => !Object.hasOwn(arrays, name));
    const unknown = Object.keys(arrays).filter((name) => !state.has(name));
    if (missing.length > 0 || unknown.length > 0) {
      const list = (names: readonly string[]): string => names.join(', ') || 'none';
      throw new FormatError(`load: missing arrays: ${list(missing)}; arrays without a place: ${list(unknown)}`);
    }
    for (const [name, { shape }] of state) {
      const given = arrays[name]!.shape;
      if (given.length !== shape.length || given.some((n, d) => n !== shape[d])) {
        throw new ShapeError(`load: ${name} has shape [${shape.join(', ')}], the array [${given.join(', ')}]`);
      }
    }
    for (const [name, cell] of state) {
      cell.assign(tensor(Float32Array.from(arrays[name]!.data), cell.shape));
    }
    return this;
  }
}

/** Modules one after the other. */
export class Sequential extends Module {
  constructor(readonly modules: readonly Module[]) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return this.modules.reduce((h, m) => m.forward(h), x);
  }

  /** Modules are called by their numbers. */
  override namedState(): Map<string, Cell> {
    return new Map([...super.namedState()].map(([name, cell]) => [name.replace(/^modules\./, ''), cell]));
  }
}
