import { ChiaroError } from '../engine.js';

/** Which metric of `validate` says how good a network is, and what follows from it. */
export interface WatchOptions {
  /** Its name in what `validate` returns. */
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  /** How many of the best weights are kept: 1. */
  readonly keep?: number;
  /** Ends the run after so many validations in a row without a new best one: never, unless given. */
  readonly patience?: number;
  /** A new best one is better by more than this, in the units of the metric: 0. Weights are kept without regard to it. */
  readonly threshold?: number;
}

/** Weights that are kept. */
export interface Kept {
  readonly epoch: number;
  readonly step: number;
  /** The metric. */
  readonly value: number;
}

/** Keeps the list of the best, and counts validations without progress. */
export class Watch {
  /** Best first; of equals the earlier. */
  best: readonly Kept[] = [];
  strikes = 0;

  constructor(private readonly options: WatchOptions | undefined) {
    const { keep = 1, patience = 1 } = options ?? {};
    for (const [name, value] of Object.entries({ keep, patience })) {
      if (!(Number.isInteger(value) && value >= 1)) {
        throw new ChiaroError(`Trainer: watch.${name} must be a whole number of 1 or more, got ${value}`);
      }
    }
  }

  get exhausted(): boolean {
    return this.strikes >= (this.options?.patience ?? Infinity);
  }

  /**
   * Takes the metrics of a validation; NaN is no progress.
   * @returns whether the weights are worth keeping, and which others no longer are.
   */
  take(
    metrics: Readonly<Record<string, number>>,
    at: Omit<Kept, 'value'>,
  ): { keep: boolean; dropped: readonly Kept[] } {
    if (!this.options) return { keep: false, dropped: [] };
    const { metric, better, keep = 1, threshold = 0 } = this.options;
    const value = metrics[metric];
    if (value === undefined) {
      const names = Object.keys(metrics).join(', ') || 'nothing';
      throw new ChiaroError(`Trainer: watch.metric is ${JSON.stringify(metric)}, but validate returned ${names}`);
    }
    const gain = (x: number, over: number): number => (better === 'higher' ? x - over : over - x);
    const first = this.best[0];
    this.strikes = Number.isFinite(value) && (!first || gain(value, first.value) > threshold) ? 0 : this.strikes + 1;
    if (!Number.isFinite(value)) return { keep: false, dropped: [] };
    const mine = { ...at, value };
    const ranked = [...this.best, mine].sort((a, b) => gain(b.value, a.value) || a.step - b.step);
    this.best = ranked.slice(0, keep);
    return { keep: this.best.includes(mine), dropped: ranked.slice(keep).filter((kept) => kept !== mine) };
  }
}
