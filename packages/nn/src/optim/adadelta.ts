import type { Cell, Tensor } from '../engine.js';
import type { OptimizerInput } from './groups.js';
import { Optimizer, type CommonOptions, type Slot } from './optimizer.js';

/** Options of `Adadelta`, for all parameters or for a group; the defaults are PyTorch's. */
export interface AdadeltaOptions extends CommonOptions {
  /** Times the step that the method itself finds: 1. */
  readonly lr: number;
  /** Decay rate of both mean squares, in [0, 1): 0.9. */
  readonly rho: number;
  /** Added under both roots: 1e-6. */
  readonly eps: number;
  /** Times the parameter, added to its gradient: 0. */
  readonly weightDecay: number;
}

const defaults: AdadeltaOptions = { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0 };

/** Adadelta (Zeiler 2012, algorithm 1) as in PyTorch: steps in the units of the parameter, from its own last steps. */
export class Adadelta extends Optimizer<AdadeltaOptions> {
  /**
   * @param params a tree of parameters, or a list of groups `{ params, lr, ... }`.
   * @throws ChiaroError for options out of their range, and for what is no tree of parameters.
   */
  constructor(params: OptimizerInput<AdadeltaOptions>, options: Partial<AdadeltaOptions> = {}) {
    super({ name: 'Adadelta', defaults, complaint, averages: () => 2 }, params, options);
  }

  protected override move(slot: Slot<AdadeltaOptions>, g: Tensor, rates: Tensor, i: number): void {
    const { parameter, options } = slot;
    const { rho, eps, weightDecay } = options;
    const [squares, steps] = slot.averages as [Cell, Cell];
    const gradient = weightDecay === 0 ? g : g.add(parameter.mul(weightDecay));
    const v = squares.mul(rho).add(gradient.square().mul(1 - rho));
    const step = steps.add(eps).div(v.add(eps)).sqrt().mul(gradient);
    squares.assign(v);
    parameter.assign(parameter.sub(step.mul(rates.slice(i))));
    steps.assign(steps.mul(rho).add(step.square().mul(1 - rho)));
  }
}

function complaint({ rho, eps, weightDecay }: AdadeltaOptions): string | undefined {
  if (!(rho >= 0 && rho < 1)) return `rho must lie in [0, 1), got ${rho}`;
  if (!(eps >= 0)) return `eps must be 0 or more, got ${eps}`;
  if (!(weightDecay >= 0)) return `weightDecay must be 0 or more, got ${weightDecay}`;
  return undefined;
}
