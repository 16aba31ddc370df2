import type { Cell, Tensor } from '../engine.js';
import type { OptimizerInput } from './groups.js';
import { Optimizer, type CommonOptions, type Slot } from './optimizer.js';

/** Options of `SGD`, for all parameters or for a group; the defaults are PyTorch's. */
export interface SGDOptions extends CommonOptions {
  /** Learning rate: 1e-3. */
  readonly lr: number;
  /** Share of the last direction that stays, 0 or more: 0. */
  readonly momentum: number;
  /** Looks ahead along the direction before it moves, Nesterov's way: false. Needs a momentum. */
  readonly nesterov: boolean;
  /** Times the parameter, added to its gradient: 0. */
  readonly weightDecay: number;
}

const defaults: SGDOptions = { lr: 1e-3, momentum: 0, nesterov: false, weightDecay: 0 };

/** Gradient descent, with momentum as in PyTorch: the direction is momentum * direction + gradient. */
export class SGD extends Optimizer<SGDOptions> {
  /**
   * @param params a tree of parameters, or a list of groups `{ params, lr, ... }`.
   * @throws ChiaroError for options out of their range, and for what is no tree of parameters.
   */
  constructor(params: OptimizerInput<SGDOptions>, options: Partial<SGDOptions> = {}) {
    super({ name: 'SGD', defaults, complaint, averages: (o) => Number(o.momentum !== 0) }, params, options);
  }

  protected override move(
    { parameter, options, averages }: Slot<SGDOptions>,
    g: Tensor,
    rates: Tensor,
    i: number,
  ): void {
    const { momentum, nesterov, weightDecay } = options;
    const gradient = weightDecay === 0 ? g : g.add(parameter.mul(weightDecay));
    let direction = gradient;
    const before: Cell | undefined = averages[0];
    if (before) {
      direction = before.mul(momentum).add(gradient);
      before.assign(direction);
      if (nesterov) direction = gradient.add(direction.mul(momentum));
    }
    parameter.assign(parameter.sub(direction.mul(rates.slice(i))));
  }
}

function complaint({ momentum, nesterov, weightDecay }: SGDOptions): string | undefined {
  if (!(momentum >= 0)) return `momentum must be 0 or more, got ${momentum}`;
  if (nesterov && momentum === 0) return 'nesterov needs a momentum above 0';
  if (!(weightDecay >= 0)) return `weightDecay must be 0 or more, got ${weightDecay}`;
  return undefined;
}
