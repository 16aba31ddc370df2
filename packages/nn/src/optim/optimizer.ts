import {
  Cell,
  ChiaroError,
  loadState,
  noGrad,
  saveState,
  tensor,
  zeros,
  type Parameter,
  type SavedState,
  type Tensor,
} from '../engine.js';
import { groupsOf, type OptimizerInput } from './groups.js';

/** Some parameters with a learning rate of their own. */
export class ParameterGroup {
  #rate: number;

  /** @internal */
  constructor(
    readonly parameters: readonly Parameter[],
    rate: number,
    private readonly changed: () => void,
  ) {
    this.#rate = checkedRate(rate);
  }

  /** The learning rate. It may change between steps; a compiled function that steps the optimiser sees the change. */
  get lr(): number {
    return this.#rate;
  }

  set lr(rate: number) {
    this.#rate = checkedRate(rate);
    this.changed();
  }
}

function checkedRate(rate: number): number {
  if (Number.isFinite(rate) && rate >= 0) return rate;
  throw new ChiaroError(`the learning rate must be a number of 0 or more, got ${rate}`);
}

/** What every optimiser lets one choose per group. */
export interface CommonOptions {
  /** Learning rate. It can be changed later: `optimizer.groups[i].lr`. */
  readonly lr: number;
}

/** One parameter with what an optimiser keeps about it. */
export interface Slot<O> {
  readonly parameter: Parameter;
  readonly options: O;
  /** Averages of the parameter's shape, zero at first. */
  readonly averages: readonly Cell[];
}

/** What makes an optimiser: its name in errors, its defaults, what is wrong with options, how many averages it keeps. */
export interface OptimizerKind<O> {
  readonly name: string;
  readonly defaults: O;
  /** What is wrong with the options of a group, or nothing. */
  readonly complaint: (options: O) => string | undefined;
  readonly averages: (options: O) => number;
}

/**
 * What all optimisers have in common: groups of parameters, whose gradients `step` uses and `zeroGrad` forgets. Their
 * state lives in cells, so that `step` works in a compiled function; learning rates may change without recompiling.
 */
export abstract class Optimizer<O extends CommonOptions = CommonOptions> {
  /** Groups in the order in which they were given; set `groups[i].lr` to change a learning rate. */
  readonly groups: readonly ParameterGroup[];
  /** All parameters, group by group. */
  protected readonly slots: readonly Slot<O>[];
  /** [P], the learning rate of each parameter. */
  protected readonly rates: Cell;

  protected constructor(kind: OptimizerKind<O>, params: OptimizerInput<O>, options: Partial<O>) {
    const groups = groupsOf(kind.name, params, { ...kind.defaults, ...options });
    for (const group of groups) {
      const complaint = kind.complaint(group.options);
      if (complaint !== undefined) throw new ChiaroError(`${kind.name}: ${complaint}`);
    }
    this.groups = groups.map(
      (g) => new ParameterGroup(g.parameters, g.options.lr, () => this.rates.assign(this.#ratesNow())),
    );
    this.slots = groups.flatMap((g) =>
      g.parameters.map((parameter) => ({
        parameter,
        options: g.options,
        averages: Array.from({ length: kind.averages(g.options) }, () => new Cell(zeros(parameter.shape))),
      })),
    );
    this.rates = new Cell(this.#ratesNow());
  }

  /**
   * Changes every parameter that has a gradient. Nothing is computed before something is asked for: in a loop without
   * `compile`, read or `track` the loss now and then.
   */
  step(): void {
    noGrad(() => {
      const moving = this.slots.map((slot) => slot.parameter.grad !== null);
      if (!moving.includes(true)) return;
      const rates = this.advance(moving);
      this.slots.forEach((slot, i) => {
        if (moving[i]) this.move(slot, slot.parameter.grad!.to('float32'), rates, i);
      });
    });
  }

  /**
   * What a step computes once for all parameters, one row per parameter: their learning rates unless an optimiser
   * says otherwise.
   */
  protected advance(_moving: readonly boolean[]): Tensor {
    return this.rates;
  }

  /** One step of parameter `i`, whose row in what `advance` gave is `i`: best as a single kernel. */
  protected abstract move(slot: Slot<O>, gradient: Tensor, rates: Tensor, i: number): void;

  /** Cells beside rates and averages, for checkpoints. */
  protected get extraState(): readonly Cell[] {
    return [];
  }

  /** Sets the gradients of all parameters to null. */
  zeroGrad(): void {
    for (const { parameter } of this.slots) parameter.grad = null;
  }

  /** Copies learning rates and state to the host, for a checkpoint. The parameters themselves are not among them. */
  save(): Promise<SavedState> {
    return saveState(this.cells);
  }

  /**
   * Puts back what `save` gave; the optimiser must have been made from parameters of the same shapes in the same groups.
   * @throws ChiaroError, before anything is changed, when it was not.
   */
  load(saved: SavedState): void {
    loadState(this.cells, saved);
    const rates = saved.entries[0];
    let at = 0;
    for (const group of this.groups) {
      const rate = rates?.kind === 'cell' ? rates.data[at] : undefined;
      // a group without parameters keeps its rate
      if (rate !== undefined && group.parameters.length > 0 && Math.fround(group.lr) !== rate) group.lr = rate;
      at += group.parameters.length;
    }
  }

  /** Learning rates and state in a fixed order: what `save` copies. */
  get cells(): readonly Cell[] {
    return [this.rates, ...this.extraState, ...this.slots.flatMap((slot) => slot.averages)];
  }

  #ratesNow(): Tensor {
    return tensor(this.groups.flatMap((g) => g.parameters.map(() => g.lr)));
  }
}
