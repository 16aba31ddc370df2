import { bernoulli, ChiaroError, type Generator, type Shape, type Tensor } from '../engine.js';
import { Module } from './module.js';

/** Options of `Dropout` and `Dropout2d`. */
export interface DropoutOptions {
  /** Says what is dropped; without one, the default generator. */
  readonly generator?: Generator;
}

/** In training mode each element is 0 with probability p, else 1 / (1 - p) times itself (Srivastava et al. 2014). */
export class Dropout extends Module {
  constructor(
    readonly p = 0.5,
    private readonly options: DropoutOptions = {},
  ) {
    super();
    if (!(p >= 0 && p <= 1)) throw new ChiaroError(`Dropout: p must lie in [0, 1], got ${p}`);
  }

  override forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    const kept = bernoulli(1 - this.p, this.maskShape(x), this.options);
    return x.mul(kept.to(x.dtype)).mul(this.p === 1 ? 0 : 1 / (1 - this.p));
  }

  /** What is kept or dropped as one. */
  protected maskShape(x: Tensor): Shape {
    return x.shape;
  }
}

/** Drops whole channels of images [B, C, H, W] (Tompson et al. 2015). */
export class Dropout2d extends Dropout {
  protected override maskShape(x: Tensor): Shape {
    return x.shape.map((n, d) => (d < 2 ? n : 1));
  }
}
