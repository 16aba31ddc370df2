import { Cell, ChiaroError, elementwise, expr, noGrad, tensor, zeros, type Parameter, type Tensor } from '../engine.js';
import { groupsOf, type OptimizerInput } from './groups.js';
import { Optimizer } from './optimizer.js';

/** Options of `Adam`, for all parameters or for a group; the defaults are PyTorch's. */
export interface AdamOptions {
  /** Learning rate, 1e-3 unless given. It can be changed later: `adam.groups[i].lr`. */
  readonly lr: number;
  /** Decay rates of the first and second moment, in [0, 1): [0.9, 0.999]. */
  readonly betas: readonly [number, number];
  /** Added to the root of the second moment: 1e-8. */
  readonly eps: number;
  /** Times the parameter, added to its gradient (not decoupled, as in AdamW): 0. */
  readonly weightDecay: number;
  /**
   * Divides by the largest root of the second moment in the parameter instead of by each element's own, so that a step
   * keeps the direction of a smoothed gradient field: AdamUniform of Nicolet et al. 2021, "Large Steps in Inverse
   * Rendering of Geometry", section 4.
   */
  readonly uniform: boolean;
}

const defaults: AdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, uniform: false };

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

/** One parameter with its moments. */
interface Slot {
  readonly parameter: Parameter;
  readonly options: AdamOptions;
  /** Mean of the gradients, and of their squares. */
  readonly first: Cell;
  readonly second: Cell;
}

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
export class Adam extends Optimizer {
  protected readonly state: readonly Cell[];
  readonly #slots: readonly Slot[];
  /** [P, 3], what `clock` gives for each parameter. */
  readonly #clocks: Cell;
  /** [P, 2], the natural logarithms of the betas. */
  readonly #logBetas: Tensor;

  /**
   * @param params a tree of parameters, or a list of groups `{ params, lr, ... }`.
   * @throws ChiaroError for options out of their range, and for what is no tree of parameters.
   */
  constructor(params: OptimizerInput<AdamOptions>, options: Partial<AdamOptions> = {}) {
    const groups = groupsOf('Adam', params, { ...defaults, ...options });
    groups.forEach((g) => checkOptions(g.options));
    super(groups.map((g) => ({ parameters: g.parameters, lr: g.options.lr })));
    this.#slots = groups.flatMap((g) =>
      g.parameters.map((parameter) => ({
        parameter,
        options: g.options,
        first: new Cell(zeros(parameter.shape)),
        second: new Cell(zeros(parameter.shape)),
      })),
    );
    this.#clocks = new Cell(zeros([this.#slots.length, 3]));
    this.#logBetas = tensor(this.#slots.map((s) => s.options.betas.map(Math.log)));
    this.state = [this.#clocks, ...this.#slots.flatMap((s) => [s.first, s.second])];
  }

  override step(): void {
    noGrad(() => {
      const moving = this.#slots.map((s) => s.parameter.grad !== null);
      if (!moving.includes(true)) return;
      const moved = moving.includes(false) ? tensor(moving.map(Number)) : 1;
      const clocks = elementwise(clock, this.#clocks.select(1, 0), moved, this.rates, this.#logBetas);
      this.#clocks.assign(clocks);
      this.#slots.forEach((slot, i) => {
        if (moving[i]) move(slot, clocks.slice(i, 1), clocks.slice(i, 2));
      });
    });
  }
}

/** One step of one parameter: a single kernel, or a few where the largest second moment is needed. */
function move({ parameter, options, first, second }: Slot, a: Tensor, b: Tensor): void {
  const { betas, eps, weightDecay, uniform } = options;
  const given = parameter.grad!.to('float32');
  const g = weightDecay === 0 ? given : given.add(parameter.mul(weightDecay));
  const m = first.mul(betas[0]).add(g.mul(1 - betas[0]));
  const v = second.mul(betas[1]).add(g.square().mul(1 - betas[1]));
  const size = (uniform ? v.max() : v).sqrt();
  parameter.assign(parameter.sub(m.mul(a).div(size.add(b.mul(eps)))));
  first.assign(m);
  second.assign(v);
}

function checkOptions({ betas, eps, weightDecay }: AdamOptions): void {
  const inRange = (x: number): boolean => x >= 0 && x < 1;
  if (!betas.every(inRange)) throw new ChiaroError(`Adam: betas must lie in [0, 1), got ${betas.join(', ')}`);
  if (!(eps >= 0)) throw new ChiaroError(`Adam: eps must be 0 or more, got ${eps}`);
  if (!(weightDecay >= 0)) throw new ChiaroError(`Adam: weightDecay must be 0 or more, got ${weightDecay}`);
}
