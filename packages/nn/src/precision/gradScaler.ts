import {
  Cell,
  ChiaroError,
  deviceInfo,
  DeviceError,
  noGrad,
  ones,
  scalar,
  where,
  zeros,
  type Parameter,
  type Tensor,
} from '../engine.js';
import type { Optimizer } from '../optim/index.js';

/** Options of `GradScaler`; the defaults are PyTorch's. */
export interface GradScalerOptions {
  /** What the loss is multiplied by at first: 65536. */
  readonly scale?: number;
  /** By what the scale is multiplied after `interval` steps in a row without overflow: 2. */
  readonly growth?: number;
  /** By what it is multiplied after a step with one: 0.5. */
  readonly backoff?: number;
  /** 2000 */
  readonly interval?: number;
}

/** @throws DeviceError for an adapter whose kernels do not read float16. */
export function requireFloat16({ name, float16 }: { readonly name: string; readonly float16: boolean }): void {
  if (float16) return;
  throw new DeviceError(
    `mixed precision needs an adapter with shader-f16, which ${name} has not; train in float32, without autocast and GradScaler`,
  );
}

/**
 * Dynamic scaling of losses for mixed precision (Micikevicius et al. 2018, section 3.2). Gradients of a loss times a large
 * number do not vanish in float16; where they overflow, the step is skipped and the number halved. Everything happens on the
 * GPU, so a compiled step never waits. Put it into the state of a `Trainer`: the scale is part of its checkpoints.
 */
export class GradScaler {
  readonly #scale: Cell;
  /** Steps since the scale has changed. */
  readonly #steps = new Cell(zeros([]));
  readonly #growth: number;
  readonly #backoff: number;
  readonly #interval: number;

  private constructor({ scale = 65536, growth = 2, backoff = 0.5, interval = 2000 }: GradScalerOptions) {
    const wrong = [
      !(scale > 0 && Number.isFinite(scale)) && `scale must be above 0, got ${scale}`,
      !(growth > 1 && Number.isFinite(growth)) && `growth must be above 1, got ${growth}`,
      !(backoff > 0 && backoff < 1) && `backoff must lie between 0 and 1, got ${backoff}`,
      !(Number.isInteger(interval) && interval >= 1) && `interval must be a whole number of 1 or more, got ${interval}`,
    ].find((what) => what !== false);
    if (wrong) throw new ChiaroError(`GradScaler: ${wrong}`);
    this.#scale = new Cell(ones([]).mul(scale));
    [this.#growth, this.#backoff, this.#interval] = [growth, backoff, interval];
  }

  /**
   * Makes a scaler, if the adapter can do with it.
   * @throws DeviceError without shader-f16; ChiaroError for options out of their range.
   */
  static async create(options: GradScalerOptions = {}): Promise<GradScaler> {
    const scaler = new GradScaler(options);
    requireFloat16(await deviceInfo());
    return scaler;
  }

  /** The loss times the scale, to be differentiated. */
  scale(loss: Tensor): Tensor {
    return loss.mul(this.#scale);
  }

  /**
   * Divides the gradients by the scale and lets optimisers step, unless any of the gradients is not finite: then parameters and
   * averages stay as they are. Afterwards the scale is adapted, so give all optimisers of a loss at once. Gradients are unscaled
   * before `between` is called.
   * @param between what is to happen to the gradients first, such as clipping.
   */
  step(optimizers: Optimizer | readonly Optimizer[], between?: () => void): void {
    const all: readonly Optimizer[] = Array.isArray(optimizers) ? optimizers : [optimizers as Optimizer];
    const parameters = all.flatMap(({ groups }) => groups.flatMap((group) => group.parameters));
    noGrad(() => {
      const fine = this.#unscale(parameters);
      between?.();
      const cells: readonly Cell[] = [...parameters, ...all.flatMap((optimizer) => optimizer.cells)];
      const before = cells.map((cell) => [cell, cell.detach(), cell.node] as const);
      all.forEach((optimizer) => optimizer.step());
      for (const [cell, old, node] of before) if (cell.node !== node) cell.assign(where(fine, cell, old));
      this.#adapt(fine);
    });
  }

  /** The scale and the steps since it changed: what a checkpoint holds. */
  get cells(): readonly Cell[] {
    return [this.#scale, this.#steps];
  }

  /** The scale as it is now, for people. */
  value(): Promise<number> {
    return this.#scale.item();
  }

  /** Divides gradients by the scale; true where all of them are finite. */
  #unscale(parameters: readonly Parameter[]): Tensor {
    const smaller = this.#scale.reciprocal();
    let broken = scalar(0);
    for (const parameter of parameters) {
      const { grad } = parameter;
      if (!grad) continue;
      broken = broken.add(grad.isFinite().logicalNot().to('float32').sum());
      parameter.grad = grad.to('float32').mul(smaller);
    }
    return broken.eq(0);
  }

  #adapt(fine: Tensor): void {
    const steps = this.#steps.add(1);
    const grows = steps.ge(this.#interval);
    const grown = where(grows, this.#scale.mul(this.#growth), this.#scale);
    const scale = where(fine, grown, this.#scale.mul(this.#backoff));
    this.#steps.assign(where(fine.logicalAnd(grows.logicalNot()), steps, 0));
    this.#scale.assign(scale);
  }
}
