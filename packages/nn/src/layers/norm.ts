import { batchNorm, Cell, ones, Parameter, zeros, type Tensor } from '../engine.js';
import { Module } from './module.js';

/**
 * Batch normalisation of images [B, C, H, W] with the running statistics that it holds: PyTorch's `BatchNorm2d` in its
 * eval mode. See `batchNorm`.
 */
export class BatchNorm2d extends Module {
  /** [C] */
  readonly weight: Parameter;
  /** [C] */
  readonly bias: Parameter;
  /** [C] */
  readonly running_mean: Cell;
  /** [C] */
  readonly running_var: Cell;
  /** How many batches the statistics come from; files have it, nothing uses it. */
  readonly num_batches_tracked = new Cell(zeros([], { dtype: 'int32' }));
  readonly #eps: number;

  constructor(channels: number, { eps = 1e-5 }: { readonly eps?: number } = {}) {
    super();
    this.weight = Parameter.full([channels], 1);
    this.bias = Parameter.zeros([channels]);
    this.running_mean = new Cell(zeros([channels]));
    this.running_var = new Cell(ones([channels]));
    this.#eps = eps;
  }

  override forward(x: Tensor): Tensor {
    return batchNorm(x, this.running_mean, this.running_var, this.weight, this.bias, { eps: this.#eps });
  }
}
