import { ChiaroError } from '../engine.js';
import type { Optimizer, ParameterGroup } from './optimizer.js';

/**
 * What the learning rates are multiplied by after a number of steps (or epochs: whatever `step` is called for), 1 for
 * the rates that the optimiser was made with. Write your own, or take one of `stepDecay`, `exponentialDecay`,
 * `cosineDecay`, `warmUp`.
 */
export type RateFactor = (steps: number) => number;

/** gamma^k after k times `every` steps: PyTorch's `StepLR`. */
export const stepDecay =
  ({ every, gamma = 0.1 }: { readonly every: number; readonly gamma?: number }): RateFactor =>
  (steps) =>
    gamma ** Math.floor(steps / every);

/** gamma^steps: PyTorch's `ExponentialLR`. */
export const exponentialDecay =
  (gamma: number): RateFactor =>
  (steps) =>
    gamma ** steps;

/**
 * Half a cosine from 1 to `floor` over `over` steps, then `floor`: Loshchilov and Hutter 2017, "SGDR", eq. 5, without
 * restarts. PyTorch's `CosineAnnealingLR` while it goes down, with `floor` = eta_min / lr.
 */
export const cosineDecay =
  ({ over, floor = 0 }: { readonly over: number; readonly floor?: number }): RateFactor =>
  (steps) =>
    floor + ((1 - floor) * (1 + Math.cos((Math.PI * Math.min(steps, over)) / over))) / 2;

/** A straight line from `from` to 1 over `over` steps, and then what `then` says, counted from there: 1 unless given. */
export const warmUp =
  ({
    over,
    from = 1 / over,
    then = () => 1,
  }: {
    readonly over: number;
    readonly from?: number;
    readonly then?: RateFactor;
  }): RateFactor =>
  (steps) =>
    steps < over ? from + ((1 - from) * steps) / over : then(steps - over);

/** The rate of every group when a schedule begins. */
const ratesOf = (groups: readonly ParameterGroup[]): readonly number[] => groups.map((g) => g.lr);

/**
 * Sets the learning rates of an optimiser by a function of the number of steps.
 *
 * @example
 * const schedule = new Schedule(adam, warmUp({ over: 100, then: cosineDecay({ over: 10_000, floor: 0.01 }) }));
 * for (const batch of batches) {
 *   train(batch);
 *   schedule.step();
 * }
 */
export class Schedule {
  readonly #groups: readonly ParameterGroup[];
  readonly #first: readonly number[];
  #steps = 0;

  constructor(
    optimizer: Pick<Optimizer, 'groups'>,
    private readonly factor: RateFactor,
  ) {
    this.#groups = optimizer.groups;
    this.#first = ratesOf(optimizer.groups);
    this.steps = 0;
  }

  /** How many steps were taken. Setting it sets the rates, so that a run goes on where a checkpoint was made. */
  get steps(): number {
    return this.#steps;
  }

  set steps(steps: number) {
    if (!(Number.isInteger(steps) && steps >= 0)) {
      throw new ChiaroError(`Schedule: steps must be a whole number of 0 or more, got ${steps}`);
    }
    this.#steps = steps;
    const factor = this.factor(steps);
    this.#groups.forEach((group, i) => (group.lr = this.#first[i]! * factor));
  }

  /** Counts a step. */
  step(): void {
    this.steps++;
  }
}

/** Options of `ReduceOnPlateau`; the defaults are PyTorch's. */
export interface PlateauOptions {
  /** What the rates are multiplied by: 0.1. */
  readonly factor: number;
  /** How many measures without progress are borne: 10. */
  readonly patience: number;
  /** Progress is a measure below (1 - threshold) times the best: 1e-4. */
  readonly threshold: number;
  /** Measures after a reduction during which none counts: 0. */
  readonly cooldown: number;
  /** No rate goes below: 0. */
  readonly floor: number;
}

/** Lowers the learning rates when a measure, say the loss on held-out data, stops falling: PyTorch's `ReduceLROnPlateau`. */
export class ReduceOnPlateau {
  readonly #groups: readonly ParameterGroup[];
  readonly #options: PlateauOptions;
  #best = Infinity;
  #bad = 0;
  #cooling = 0;

  constructor(optimizer: Pick<Optimizer, 'groups'>, options: Partial<PlateauOptions> = {}) {
    this.#groups = optimizer.groups;
    this.#options = { factor: 0.1, patience: 10, threshold: 1e-4, cooldown: 0, floor: 0, ...options };
    const { factor } = this.#options;
    if (!(factor > 0 && factor < 1)) throw new ChiaroError(`ReduceOnPlateau: factor must lie in (0, 1), got ${factor}`);
  }

  /** Takes a measure, lower is better, and tells whether the rates were reduced. NaN is no progress. */
  step(measure: number): boolean {
    const { factor, patience, threshold, cooldown, floor } = this.#options;
    if (measure < this.#best * (1 - Math.sign(this.#best) * threshold)) {
      this.#best = measure;
      this.#bad = 0;
    } else this.#bad++;
    if (this.#cooling > 0) {
      this.#cooling--;
      this.#bad = 0;
    }
    if (this.#bad <= patience) return false;
    this.#bad = 0;
    this.#cooling = cooldown;
    for (const group of this.#groups) group.lr = Math.max(group.lr * factor, Math.min(floor, group.lr));
    return true;
  }

  /** What a checkpoint needs; `load` takes it back. */
  save(): readonly [best: number, bad: number, cooling: number] {
    return [this.#best, this.#bad, this.#cooling];
  }

  load([best, bad, cooling]: readonly [best: number, bad: number, cooling: number]): void {
    this.#best = best;
    this.#bad = bad;
    this.#cooling = cooling;
  }
}
