import { ChiaroError, resizeBilinear, resizeNearest, type PixelCentres, type Tensor } from '../engine.js';
import { Module } from './module.js';

/** Options of `Upsample`; the defaults are PyTorch's. */
export interface UpsampleOptions {
  /** How pixels in between are found: `nearest`. */
  readonly mode?: 'nearest' | 'bilinear';
  /** Which places correspond in mode `bilinear`: `halfPixel`. */
  readonly centres?: PixelCentres;
}

/**
 * Images [B, C, H, W] enlarged by a factor; see `resizeNearest` and `resizeBilinear`. Where the factor makes no whole
 * number of pixels, places follow from the sizes, as with PyTorch's `recompute_scale_factor=True`.
 */
export class Upsample extends Module {
  constructor(
    readonly factor: number,
    private readonly options: UpsampleOptions = {},
  ) {
    super();
    if (!(factor > 0)) throw new ChiaroError(`Upsample: factor must be above 0, got ${factor}`);
  }

  override forward(x: Tensor): Tensor {
    const { mode = 'nearest', centres = 'halfPixel' } = this.options;
    const [H = 0, W = 0] = x.shape.slice(2);
    const size = [Math.floor(H * this.factor), Math.floor(W * this.factor)] as const;
    return mode === 'nearest' ? resizeNearest(x, size) : resizeBilinear(x, size, { centres });
  }
}
