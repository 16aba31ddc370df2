import { batchNorm, Cell, noGrad, ones, Parameter, ShapeError, zeros, type Tensor } from '../engine.js';
import {
  groupNorm,
  layerNorm,
  localResponseNorm,
  perChannel,
  type LocalResponseNormOptions,
} from '../functional/normalise.js';
import { inFloat32 } from '../precision/autocast.js';
import { Module } from './module.js';

/** Options of `BatchNorm2d`; the defaults are PyTorch's. */
export interface BatchNormOptions {
  /** Added to the variance: 1e-5. */
  readonly eps?: number;
  /** Share of a batch in the running statistics: 0.1. */
  readonly momentum?: number;
  /** Whether channels are scaled and shifted by parameters: true. */
  readonly affine?: boolean;
}

/**
 * Batch normalisation of images [B, C, H, W] (Ioffe and Szegedy 2015). In training mode by mean and variance of the
 * batch, which also move the running statistics (their variance unbiased, as PyTorch's); else by the running statistics.
 */
export class BatchNorm2d extends Module {
  /** [C] */
  readonly weight: Parameter | null;
  /** [C] */
  readonly bias: Parameter | null;
  /** [C] */
  readonly running_mean: Cell;
  /** [C] */
  readonly running_var: Cell;
  /** How many batches the running statistics have seen. */
  readonly num_batches_tracked = new Cell(zeros([], { dtype: 'int32' }));
  readonly #eps: number;
  readonly #momentum: number;

  constructor(channels: number, { eps = 1e-5, momentum = 0.1, affine = true }: BatchNormOptions = {}) {
    super();
    this.weight = affine ? Parameter.full([channels], 1) : null;
    this.bias = affine ? Parameter.zeros([channels]) : null;
    this.running_mean = new Cell(zeros([channels]));
    this.running_var = new Cell(ones([channels]));
    this.#eps = eps;
    this.#momentum = momentum;
  }

  override forward(x: Tensor): Tensor {
    return inFloat32(x, (wide) => this.#normalise(wide));
  }

  #normalise(x: Tensor): Tensor {
    const { weight, bias } = this;
    if (!this.training) {
      return batchNorm(x, this.running_mean, this.running_var, weight, bias, { eps: this.#eps });
    }
    const count = x.size / (x.shape[1] ?? 1);
    if (!(count > 1)) {
      throw new ShapeError(
        `BatchNorm2d: training needs more than one value per channel, got x of shape [${x.shape.join(', ')}]; eval() for use`,
      );
    }
    const dims = x.shape.map((_, d) => d).filter((d) => d !== 1);
    const mean = x.mean(dims);
    const variance = x.variance(dims, false, 0);
    noGrad(() => {
      const follow = (cell: Cell, now: Tensor): void => {
        cell.assign(cell.mul(1 - this.#momentum).add(now.detach().mul(this.#momentum)));
      };
      follow(this.running_mean, mean);
      follow(this.running_var, variance.mul(count / (count - 1)));
      this.num_batches_tracked.assign(this.num_batches_tracked.add(1));
    });
    return batchNorm(x, mean, variance, weight, bias, { eps: this.#eps });
  }
}

/** Normalises every image in groups of channels; see `groupNorm`. */
export class GroupNorm extends Module {
  /** [C] */
  readonly weight: Parameter | null;
  /** [C] */
  readonly bias: Parameter | null;

  constructor(
    readonly groups: number,
    readonly channels: number,
    private readonly options: { readonly eps?: number; readonly affine?: boolean } = {},
  ) {
    super();
    const { affine = true } = options;
    this.weight = affine ? Parameter.full([channels], 1) : null;
    this.bias = affine ? Parameter.zeros([channels]) : null;
  }

  override forward(x: Tensor): Tensor {
    return inFloat32(x, (wide) => perChannel(groupNorm(wide, this.groups, this.options), this.weight, this.bias));
  }
}

/** Normalises every channel of every image [B, C, H, W] (Ulyanov et al. 2016); as PyTorch's, without parameters unless asked. */
export class InstanceNorm2d extends GroupNorm {
  constructor(
    channels: number,
    { eps = 1e-5, affine = false }: { readonly eps?: number; readonly affine?: boolean } = {},
  ) {
    super(channels, channels, { eps, affine });
  }
}

/** Normalises over the last dimensions, whose shape it knows; see `layerNorm`. */
export class LayerNorm extends Module {
  /** [...normalizedShape] */
  readonly weight: Parameter | null;
  /** [...normalizedShape] */
  readonly bias: Parameter | null;
  readonly #shape: readonly number[];

  constructor(
    normalizedShape: number | readonly number[],
    private readonly options: { readonly eps?: number; readonly affine?: boolean } = {},
  ) {
    super();
    const { affine = true } = options;
    this.#shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
    this.weight = affine ? Parameter.full(this.#shape, 1) : null;
    this.bias = affine ? Parameter.zeros(this.#shape) : null;
  }

  override forward(x: Tensor): Tensor {
    const rank = this.#shape.length;
    if (this.#shape.some((n, i) => x.shape[x.rank - rank + i] !== n)) {
      throw new ShapeError(`LayerNorm: x of shape [${x.shape.join(', ')}] must end in [${this.#shape.join(', ')}]`);
    }
    return inFloat32(x, (wide) => {
      const normal = layerNorm(wide, rank, this.options);
      const scaled = this.weight ? normal.mul(this.weight) : normal;
      return this.bias ? scaled.add(this.bias) : scaled;
    });
  }
}

/** Divides by the strength of neighbouring channels; see `localResponseNorm`. */
export class LocalResponseNorm extends Module {
  constructor(
    readonly size: number,
    private readonly options: LocalResponseNormOptions = {},
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return inFloat32(x, (wide) => localResponseNorm(wide, this.size, this.options));
  }
}
