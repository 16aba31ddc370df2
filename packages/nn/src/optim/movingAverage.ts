import { Cell, ChiaroError, noGrad, type Parameter } from '../engine.js';

/**
 * An exponential moving average of parameters: after each training step, average += (1 - decay)(parameter - average).
 * Networks are often better with the average than with the last step's parameters (Polyak and Juditsky 1992).
 *
 * @example
 * const average = new MovingAverage(net.parameters(), { decay: 0.999 });
 * // in the loop, also inside of compile: adam.step(); average.update();
 * average.swap(); // the network now has the averages
 * await test(net);
 * average.swap(); // and now its own parameters again
 */
export class MovingAverage {
  /** The averages, in the order of the parameters; cells, for `saveState`. */
  readonly averages: readonly Cell[];
  readonly #decay: number;

  constructor(
    private readonly parameters: readonly Parameter[],
    { decay = 0.999 }: { readonly decay?: number } = {},
  ) {
    if (!(decay >= 0 && decay < 1)) throw new ChiaroError(`MovingAverage: decay must lie in [0, 1), got ${decay}`);
    this.#decay = decay;
    this.averages = parameters.map((p) => new Cell(p.detach()));
  }

  /** Takes the parameters as they stand into the averages. */
  update(): void {
    noGrad(() => {
      this.averages.forEach((average, i) => {
        average.assign(average.add(this.parameters[i]!.sub(average).mul(1 - this.#decay)));
      });
    });
  }

  /** Exchanges parameters and averages. */
  swap(): void {
    noGrad(() => {
      this.averages.forEach((average, i) => {
        const [mine, theirs] = [average.detach(), this.parameters[i]!.detach()];
        this.parameters[i]!.assign(mine);
        average.assign(theirs);
      });
    });
  }
}
