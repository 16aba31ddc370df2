import { Cell, ChiaroError, loadState, saveState, tensor, type Parameter, type SavedState } from '../engine.js';

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

/**
 * What all optimisers have in common: groups of parameters, whose gradients `step` uses and `zeroGrad` forgets. Their
 * state lives in cells, so that `step` works in a compiled function; learning rates may change without recompiling.
 */
export abstract class Optimizer {
  /** Groups in the order in which they were given; set `groups[i].lr` to change a learning rate. */
  readonly groups: readonly ParameterGroup[];
  /** All parameters, group by group. */
  protected readonly parameters: readonly Parameter[];
  /** [P], the learning rate of each parameter. */
  protected readonly rates: Cell;

  protected constructor(groups: readonly { readonly parameters: readonly Parameter[]; readonly lr: number }[]) {
    this.groups = groups.map((g) => new ParameterGroup(g.parameters, g.lr, () => this.rates.assign(this.#ratesNow())));
    this.parameters = groups.flatMap((g) => g.parameters);
    this.rates = new Cell(this.#ratesNow());
  }

  /**
   * Changes every parameter that has a gradient. Nothing is computed before something is asked for: in a loop without
   * `compile`, read or `track` the loss now and then.
   */
  abstract step(): void;

  /** The cells of the optimiser's state, in a fixed order. */
  protected abstract readonly state: readonly Cell[];

  /** Sets the gradients of all parameters to null. */
  zeroGrad(): void {
    for (const p of this.parameters) p.grad = null;
  }

  /** Copies learning rates and state to the host, for a checkpoint. The parameters themselves are not among them. */
  save(): Promise<SavedState> {
    return saveState([this.rates, ...this.state]);
  }

  /**
   * Puts back what `save` gave; the optimiser must have been made from parameters of the same shapes in the same groups.
   * @throws ChiaroError, before anything is changed, when it was not.
   */
  load(saved: SavedState): void {
    const cells = [this.rates, ...this.state];
    loadState(cells, saved);
    const rates = saved.entries[0];
    let at = 0;
    for (const group of this.groups) {
      const rate = rates.kind === 'cell' ? rates.data[at] : undefined;
      // a group without parameters keeps its rate
      if (rate !== undefined && group.parameters.length > 0 && Math.fround(group.lr) !== rate) group.lr = rate;
      at += group.parameters.length;
    }
  }

  #ratesNow() {
    return tensor(this.groups.flatMap((g) => g.parameters.map(() => g.lr)));
  }
}
