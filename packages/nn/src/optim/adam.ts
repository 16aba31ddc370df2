import { Cell, elementwise, expr, tensor, zeros, type Tensor } from '../engine.js';
import type { OptimizerInput } from './groups.js';
import { Optimizer, type CommonOptions, type Slot } from './optimizer.js';

/** Options of `Adam`, for all parameters or for a group; the defaults are PyTorch's. */
export interface AdamOptions extends CommonOptions {
  /** Learning rate: 1e-3. It can be changed later: `adam.groups[i].lr`. */
  readonly lr: number;
  /** Decay rates of the first and second moment, in [0, 1): [0.9, 0.999]. */
  readonly betas: readonly [number, number];
  /** Added to the root of the second moment: 1e-8. */
  readonly eps: number;
  /** Times the parameter, added to its gradient: 0. */
  readonly weightDecay: number;
  /**
   * Takes `lr * weightDecay` of the parameter from it instead of changing its gradient: AdamW of Loshchilov and Hutter
   * 2019, "Decoupled Weight Decay Regularization", algorithm 2. See `AdamW`.
   */
  readonly decoupledWeightDecay: boolean;
  /**
   * Divides by the largest root of the second moment in the parameter instead of by each element's own, so that a step
   * keeps the direction of a smoothed gradient field: AdamUniform of Nicolet et al. 2021, "Large Steps in Inverse
   * Rendering of Geometry", section 4.
   */
  readonly uniform: boolean;
}

const defaults: AdamOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  decoupledWeightDecay: false,
  uniform: false,
};

/**
 * Steps taken by a parameter, and the corrections a and b of its moments: with m and v as they stand, the step is
 * a m / (sqrt(v) + b eps). 1 - beta^t is -expm1(t ln beta), exact also where beta^t is near 1.
 */
const clock = expr`
  fn clock(steps: f32, moved: f32, rate: f32, logBetas: vec2f) -> vec3f {
    let now = steps + moved;
    let t = max(now, 1.0);
    let root = sqrt(-expm1(t * logBetas.y));
    return vec3f(now, rate * root / -expm1(t * logBetas.x), root);
  }`;

/**
 * Adam (Kingma and Ba 2015, algorithm 1) as in PyTorch: the moments of the gradients are corrected for their start at
 * zero, and a parameter without a gradient is left alone and does not count the step.
 *
 * @example
 * const adam = new Adam([{ params: pose, lr: 5e-3 }, { params: [albedo], lr: 1e-2 }]);
 * const step = compile(() => {
 *   const loss = difference(pose, albedo);
 *   loss.backward();
 *   adam.step();
 *   adam.zeroGrad();
 *   return loss;
 * });
 */
export class Adam extends Optimizer<AdamOptions> {
  /** [P, 3], what `clock` gives for each parameter. */
  readonly #clocks: Cell;
  /** [P, 2], the natural logarithms of the betas. */
  readonly #logBetas: Tensor;

  /**
   * @param params a tree of parameters, or a list of groups `{ params, lr, ... }`.
   * @throws ChiaroError for options out of their range, and for what is no tree of parameters.
   */
  constructor(params: OptimizerInput<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super({ name: 'Adam', defaults, complaint, averages: () => 2 }, params, options);
    this.#clocks = new Cell(zeros([this.slots.length, 3]));
    this.#logBetas = tensor(this.slots.map((s) => s.options.betas.map(Math.log)));
  }

  protected override get extraState(): readonly Cell[] {
    return [this.#clocks];
  }

  protected override advance(moving: readonly boolean[]): Tensor {
    const moved = moving.includes(false) ? tensor(moving.map(Number)) : 1;
    const clocks = elementwise(clock, this.#clocks.select(1, 0), moved, this.rates, this.#logBetas);
    this.#clocks.assign(clocks);
    return clocks;
  }

  /** A single kernel, or a few where the largest second moment is needed. */
  protected override move(slot: Slot<AdamOptions>, gradient: Tensor, clocks: Tensor, i: number): void {
    const { betas, eps, weightDecay, decoupledWeightDecay, uniform } = slot.options;
    const { parameter } = slot;
    const [first, second] = slot.averages as [Cell, Cell];
    const g = weightDecay === 0 || decoupledWeightDecay ? gradient : gradient.add(parameter.mul(weightDecay));
    const m = first.mul(betas[0]).add(g.mul(1 - betas[0]));
    const v = second.mul(betas[1]).add(g.square().mul(1 - betas[1]));
    const size = (uniform ? v.max() : v).sqrt();
    const step = m.mul(clocks.slice(i, 1)).div(size.add(clocks.slice(i, 2).mul(eps)));
    const shrinks = weightDecay !== 0 && decoupledWeightDecay;
    const from = shrinks ? parameter.sub(parameter.mul(this.rates.slice(i).mul(weightDecay))) : parameter;
    parameter.assign(from.sub(step));
    first.assign(m);
    second.assign(v);
  }
}

/** Adam with decoupled weight decay, 1e-2 unless given: PyTorch's `AdamW`. */
export class AdamW extends Adam {
  constructor(params: OptimizerInput<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(params, { weightDecay: 1e-2, ...options, decoupledWeightDecay: true });
  }
}

/**
 * Adam with one denominator for the whole parameter, `uniform: true`: the optimiser of Nicolet et al. 2021, section 4, for
 * positions of vertices or what stands for them. Give every mesh a parameter of its own.
 *
 * @example const adam = new AdamUniform(positions, { lr: 0.1 }); // positions [V, 3], in millimetres
 */
export class AdamUniform extends Adam {
  constructor(params: OptimizerInput<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(params, { ...options, uniform: true });
  }
}

function complaint({ betas, eps, weightDecay }: AdamOptions): string | undefined {
  if (!betas.every((x) => x >= 0 && x < 1)) return `betas must lie in [0, 1), got ${betas.join(', ')}`;
  if (!(eps >= 0)) return `eps must be 0 or more, got ${eps}`;
  if (!(weightDecay >= 0)) return `weightDecay must be 0 or more, got ${weightDecay}`;
  return undefined;
}
