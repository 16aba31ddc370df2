import { Cell, FormatError, Parameter, ShapeError, tensor, type Shape, type Tensor } from '../engine.js';

/** Elements with a shape, as files of weights hold them. */
export interface NamedArray {
  readonly shape: readonly number[];
  /** Row-major; as many as the shape says. */
  readonly data: ArrayLike<number>;
}

/** Arrays by name: what PyTorch calls a state dict. */
export type StateDict = Readonly<Record<string, NamedArray>>;

/** Sees a module's input and output; a tensor that it returns takes the output's place. */
export type ForwardHook = (module: Module, input: Tensor, output: Tensor) => Tensor | undefined;

/**
 * A part of a network: a function of tensors together with what it has learned. Parameters, buffers (cells that are no
 * parameters) and other modules are properties of a subclass, alone or in arrays; their names with dots in between, as
 * in `features.0.weight`, are PyTorch's where the properties are called as there.
 *
 * A module begins in training mode: batch normalisation takes the statistics of the batch, and dropout drops. `eval()`
 * ends that. A function recorded by `compile` keeps the mode in which it was first called.
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
  #training = true;
  readonly #hooks = new Set<ForwardHook>();

  /** What the module computes. */
  abstract forward(x: Tensor): Tensor;

  /** Whether the module is in training mode. */
  get training(): boolean {
    return this.#training;
  }

  /** Training mode, or with `false` the mode for use, for this module and those in it. */
  train(mode = true): this {
    this.#training = mode;
    for (const [, value] of this.#entries()) if (value instanceof Module) value.train(mode);
    return this;
  }

  /** The mode for use: `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /**
   * Calls a hook whenever the module has computed something, in the order of registration. In a function recorded by
   * `compile`, that is while it is recorded.
   * @returns what removes the hook.
   */
  registerForwardHook(hook: ForwardHook): { remove(): void } {
    this.#hooks.add(hook);
    if (this.#hooks.size === 1) {
      const value = (input: Tensor): Tensor => {
        const forward = (Object.getPrototypeOf(this) as this).forward;
        let output = forward.call(this, input);
        for (const each of this.#hooks) output = each(this, input, output) ?? output;
        return output;
      };
      Object.defineProperty(this, 'forward', { value, configurable: true });
    }
    const remove = (): void => {
      if (this.#hooks.delete(hook) && this.#hooks.size === 0) Reflect.deleteProperty(this, 'forward');
    };
    return { remove };
  }

  /**
   * Multiplications, each with an addition, that the module itself does for an input and its output, those of modules in
   * it left out: 0 unless a layer says otherwise.
   */
  multiplyAdds(_input: Shape, _output: Shape): number {
    return 0;
  }

  /** Keeps the parameters of this module and those in it from getting gradients, or with `false` lets them again. */
  freeze(frozen = true): this {
    for (const p of this.parameters()) p.requiresGrad_(!frozen);
    return this;
  }

  /** The parameters of this module and of those in it, in the order of the properties. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** The parameters by their names. */
  namedParameters(): Map<string, Parameter> {
    return new Map(
      [...this.namedState()].filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter),
    );
  }

  /** Parameters and buffers by their names. */
  namedState(): Map<string, Cell> {
    const state = new Map<string, Cell>();
    for (const [name, value] of this.#entries()) {
      if (value instanceof Cell) state.set(name, value);
      else value.namedState().forEach((cell, inner) => state.set(`${name}.${inner}`, cell));
    }
    return state;
  }

  /** The modules in this one by their names, each before those in it; this one is not among them. */
  namedModules(): Map<string, Module> {
    const modules = new Map<string, Module>();
    for (const [name, value] of this.#entries()) {
      if (value instanceof Cell) continue;
      modules.set(name, value);
      value.namedModules().forEach((module, inner) => modules.set(`${name}.${inner}`, module));
    }
    return modules;
  }

  /** Copies parameters and buffers to the host; `load` takes them back. */
  async stateDict(): Promise<StateDict> {
    const entries = [...this.namedState()].map(
      async ([name, cell]) => [name, { shape: cell.shape, data: await cell.data() }] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  /** The cells and modules among the properties, arrays taken apart, with their names. */
  #entries(): [string, Cell | Module][] {
    const found: [string, Cell | Module][] = [];
    const visit = (name: string, value: unknown): void => {
      if (value instanceof Cell || value instanceof Module) found.push([name, value]);
      else if (Array.isArray(value)) value.forEach((item, i) => visit(`${name}.${i}`, item));
    };
    for (const [name, value] of Object.entries(this)) visit(name, value);
    return found;
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
      const [count, wanted] = [arrays[name]!.data.length, shape.reduce((a, b) => a * b, 1)];
      if (count !== wanted) {
        throw new FormatError(`load: ${name} [${shape.join(', ')}] has ${wanted} elements, the array ${count}`);
      }
    }
    for (const [name, cell] of state) {
      cell.assign(tensor(Float32Array.from(arrays[name]!.data), cell.shape).to(cell.dtype));
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

  override namedModules(): Map<string, Module> {
    return new Map([...super.namedModules()].map(([name, module]) => [name.replace(/^modules\./, ''), module]));
  }
}
