import { ChiaroError, noGrad, tensor, type Parameter, type Tensor } from '../engine.js';
import { groupsOf, type ParameterTree } from './groups.js';
import { strongWolfe, type LinePoint } from './strongWolfe.js';

/** Options of `LBFGS`; the defaults are PyTorch's, but for the line search, which is on. */
export interface LBFGSOptions {
  /** Length of a step before the line search: 1. */
  readonly lr: number;
  /** Most iterations, that is directions, per call of `step`: 20. */
  readonly maxIterations: number;
  /** Most evaluations of the loss per call of `step`, checked between iterations: 1.25 maxIterations. */
  readonly maxEvaluations: number;
  /** Ends where no element of the gradient is larger: 1e-7. */
  readonly gradientTolerance: number;
  /** Ends where neither the loss nor an element of the parameters changes by more: 1e-9. */
  readonly changeTolerance: number;
  /** How many steps back curvature is remembered: 100. */
  readonly history: number;
  /** `strongWolfe` looks for a good step length; `none` takes `lr`, and may diverge: `strongWolfe`. */
  readonly lineSearch: 'strongWolfe' | 'none';
}

const defaults = {
  lr: 1,
  maxIterations: 20,
  gradientTolerance: 1e-7,
  changeTolerance: 1e-9,
  history: 100,
  lineSearch: 'strongWolfe',
} as const satisfies Partial<LBFGSOptions>;

/** A step that was taken, s, with the change of the gradient over it, y, and 1 / (y s). */
interface Curvature {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/**
 * Limited-memory BFGS (Nocedal 1980; Nocedal and Wright 2006, algorithm 7.4), as PyTorch's: for smooth losses without noise,
 * such as the last stage of a fit, where it needs far fewer evaluations than Adam. Not for batches that change.
 *
 * A step evaluates the loss several times, so it is asynchronous and is given a function, which computes the loss,
 * calls `backward` and gives the loss back. That function may be one that `compile` made. Directions and step
 * lengths are computed on the host in float64: loss and gradient are read at every evaluation.
 *
 * @example
 * const lbfgs = new LBFGS(pose);
 * const evaluate = compile(() => {
 *   const loss = difference(pose);
 *   loss.backward();
 *   return loss;
 * });
 * for (let i = 0; i < 10; i++) console.log(await lbfgs.step(evaluate));
 */
export class LBFGS {
  readonly #parameters: readonly Parameter[];
  readonly #options: LBFGSOptions;
  #curvatures: Curvature[] = [];
  /** Where the last iteration started and went: gradient there, direction, step length. */
  #last: { readonly gradient: Float64Array; readonly direction: Float64Array; readonly t: number } | undefined;
  #evaluations = 0;

  /** @throws ChiaroError for options out of their range, and for what is no tree of parameters. */
  constructor(params: ParameterTree, options: Partial<LBFGSOptions> = {}) {
    this.#parameters = groupsOf('LBFGS', { params }, {}).flatMap((group) => group.parameters);
    const { maxIterations = defaults.maxIterations } = options;
    this.#options = { ...defaults, maxEvaluations: Math.floor(maxIterations * 1.25), ...options };
    const { lr, history, maxEvaluations } = this.#options;
    if (!(Number.isFinite(lr) && lr > 0)) throw new ChiaroError(`LBFGS: lr must be above 0, got ${lr}`);
    for (const [name, n] of Object.entries({ maxIterations, maxEvaluations, history })) {
      if (!(Number.isInteger(n) && n >= 1)) {
        throw new ChiaroError(`LBFGS: ${name} must be a whole number of 1 or more, got ${n}`);
      }
    }
  }

  /** How often the loss was evaluated so far. */
  get evaluations(): number {
    return this.#evaluations;
  }

  /**
   * Takes up to `maxIterations` steps downhill. The parameters' gradients are null afterwards.
   * @param evaluate gives the loss, one element, after it has called `backward`. A parameter without a gradient stays.
   * @returns the loss before the first step.
   * @throws ChiaroError where the loss is NaN or infinite at the beginning; the parameters are then as they were.
   */
  async step(evaluate: () => Tensor): Promise<number> {
    const { lr, maxIterations, maxEvaluations, gradientTolerance, changeTolerance, lineSearch } = this.#options;
    const start = this.#evaluations;
    let x = await this.#elements((p) => p);
    let { value, gradient } = await this.#evaluate(evaluate, x, x, 0);
    const first = value;
    if (!Number.isFinite(first)) throw new ChiaroError(`LBFGS: the loss is ${first} before the first step`);

    for (let i = 1; i <= maxIterations && largest(gradient) > gradientTolerance; i++) {
      const initial = this.#last === undefined;
      const direction = this.#direction(gradient);
      const slope = dot(gradient, direction);
      // the very first direction is the gradient, whose length says nothing about the step's
      let t = initial ? Math.min(1, 1 / gradient.reduce((sum, g) => sum + Math.abs(g), 0)) * lr : lr;
      if (slope > -changeTolerance) {
        // no way down that is worth a step: what is remembered of the curvature may be to blame
        this.#curvatures = [];
        this.#last = undefined;
        break;
      }
      const from = x;
      const there = gradient;
      const at = async (length: number): Promise<LinePoint> => {
        const found = await this.#evaluate(evaluate, from, direction, length);
        return { t: length, ...found, slope: dot(found.gradient, direction) };
      };
      const before = value;
      if (lineSearch === 'strongWolfe') {
        const point = { t: 0, value, slope, gradient };
        const found = await strongWolfe(at, point, t, largest(direction), changeTolerance);
        ({ t, value, gradient } = found.point);
      } else if (i < maxIterations) ({ value, gradient } = await at(t));
      x = along(from, direction, t);
      this.#assign(x);
      this.#last = { gradient: there, direction, t };
      if (this.#evaluations - start >= maxEvaluations) break;
      if (largest(direction) * Math.abs(t) <= changeTolerance || Math.abs(value - before) < changeTolerance) break;
    }
    return first;
  }

  /** Minus the inverse Hessian, as far as it is remembered, times a gradient: algorithm 7.4. */
  #direction(gradient: Float64Array): Float64Array {
    const direction = gradient.map((g) => -g);
    if (!this.#last) return direction;
    const y = along(gradient, this.#last.gradient, -1);
    const { t } = this.#last;
    const s = this.#last.direction.map((d) => d * t);
    const product = dot(y, s);
    if (product > 1e-10)
      this.#curvatures = [...this.#curvatures, { s, y, rho: 1 / product }].slice(-this.#options.history);
    const newest = this.#curvatures.at(-1);
    if (!newest) return direction;
    const shares: number[] = [];
    for (const each of [...this.#curvatures].reverse()) {
      const share = each.rho * dot(each.s, direction);
      shares.push(share);
      add(direction, each.y, -share);
    }
    const scale = 1 / (newest.rho * dot(newest.y, newest.y));
    direction.forEach((d, i) => (direction[i] = d * scale));
    for (const each of this.#curvatures) add(direction, each.s, shares.pop()! - each.rho * dot(each.y, direction));
    return direction;
  }

  /** Loss and gradient at x + t direction. */
  async #evaluate(
    evaluate: () => Tensor,
    x: Float64Array,
    direction: Float64Array,
    t: number,
  ): Promise<{ value: number; gradient: Float64Array }> {
    if (t !== 0) this.#assign(along(x, direction, t));
    this.#evaluations++;
    for (const p of this.#parameters) p.grad = null;
    const loss = evaluate();
    const [value, gradient] = await Promise.all([loss.item(), this.#elements((p) => p.grad)]);
    for (const p of this.#parameters) p.grad = null;
    return { value, gradient };
  }

  /** Elements of tensors that belong to the parameters, one after the other; zeros where there is none. */
  async #elements(of: (p: Parameter) => Tensor | null): Promise<Float64Array> {
    const parts = await Promise.all(this.#parameters.map(async (p) => of(p)?.data()));
    const all = new Float64Array(this.#parameters.reduce((sum, p) => sum + p.size, 0));
    let offset = 0;
    this.#parameters.forEach((p, i) => {
      if (parts[i]) all.set(parts[i], offset);
      offset += p.size;
    });
    return all;
  }

  #assign(x: Float64Array): void {
    noGrad(() => {
      let offset = 0;
      for (const p of this.#parameters) {
        p.assign(tensor(Float32Array.from(x.subarray(offset, offset + p.size)), p.shape).to(p.dtype));
        offset += p.size;
      }
    });
  }
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
const largest = (a: Float64Array): number => a.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
/** x + t d */
const along = (x: Float64Array, d: Float64Array, t: number): Float64Array => x.map((v, i) => v + t * d[i]!);
/** x += t d */
const add = (x: Float64Array, d: Float64Array, t: number): void => d.forEach((v, i) => (x[i]! += t * v));
