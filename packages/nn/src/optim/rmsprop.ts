import type { Cell, Tensor } from '../engine.js';
import type { OptimizerInput } from './groups.js';
import { Optimizer, type CommonOptions, type Slot } from './optimizer.js';

/** Options of `RMSprop`, for all parameters or for a group; the defaults are PyTorch's. */
export interface RMSpropOptions extends CommonOptions {
  /** Learning rate: 1e-2. */
  readonly lr: number;
  /** Decay rate of the mean square, in [0, 1): 0.99. */
  readonly alpha: number;
  /** Added to the root of the mean square: 1e-8. */
  readonly eps: number;
  /** Share of the last step that stays, 0 or more: 0. */
  readonly momentum: number;
  /** Divides by the standard deviation of the gradients instead of their root mean square: false. */
  readonly centered: boolean;
  /** Times the parameter, added to its gradient: 0. */
  readonly weightDecay: number;
}

const defaults: RMSpropOptions = { lr: 1e-2, alpha: 0.99, eps: 1e-8, momentum: 0, centered: false, weightDecay: 0 };

/**
 * RMSprop (Tieleman and Hinton 2012, lecture 6.5 of "Neural Networks for Machine Learning"; centred after Graves 2013,
 * eq. 38 to 45) as in PyTorch: the gradient over the root of a running mean of its square.
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  /**
   * @param params a tree of parameters, or a list of groups `{ params, lr, ... }`.
   * @throws ChiaroError for options out of their range, and for what is no tree of parameters.
   */
  constructor(params: OptimizerInput<RMSpropOptions>, options: Partial<RMSpropOptions> = {}) {
    const averages = (o: RMSpropOptions): number => 1 + Number(o.centered) + Number(o.momentum !== 0);
    super({ name: 'RMSprop', defaults, complaint, averages }, params, options);
  }

  protected override move(slot: Slot<RMSpropOptions>, g: Tensor, rates: Tensor, i: number): void {
    const { parameter, options } = slot;
    const { alpha, eps, momentum, centered, weightDecay } = options;
    const rest: Cell[] = [...slot.averages];
    const square = rest.shift()!;
    const mean = centered ? rest.shift() : undefined;
    const last = rest.shift();
    const gradient = weightDecay === 0 ? g : g.add(parameter.mul(weightDecay));
    const v = square.mul(alpha).add(gradient.square().mul(1 - alpha));
    square.assign(v);
    let spread = v;
    if (mean) {
      const m = mean.mul(alpha).add(gradient.mul(1 - alpha));
      mean.assign(m);
      spread = v.sub(m.square());
    }
    let step = gradient.div(spread.sqrt().add(eps));
    if (last) {
      step = last.mul(momentum).add(step);
      last.assign(step);
    }
    parameter.assign(parameter.sub(step.mul(rates.slice(i))));
  }
}

function complaint({ alpha, eps, momentum, weightDecay }: RMSpropOptions): string | undefined {
  if (!(alpha >= 0 && alpha < 1)) return `alpha must lie in [0, 1), got ${alpha}`;
  if (!(eps >= 0)) return `eps must be 0 or more, got ${eps}`;
  if (!(momentum >= 0)) return `momentum must be 0 or more, got ${momentum}`;
  if (!(weightDecay >= 0)) return `weightDecay must be 0 or more, got ${weightDecay}`;
  return undefined;
}
