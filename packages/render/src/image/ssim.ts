import { ShapeError, structure } from '../engine.js';
import type { Tensor } from '../engine.js';
import { checkImages } from './measures.js';
import { halve } from './pyramid.js';

/** Options of `ssim` and `msSSIM`. */
export interface SSIMOptions {
  /** The largest value of the images (default 1). */
  readonly peak?: number;
}

/** Pixels that a window has along each axis. */
const window = 11;

const terms = (a: Tensor, b: Tensor, peak: number): ReturnType<typeof structure> =>
  structure(a, b, { rows: 1, columns: 2, peak });

/**
 * Structural similarity of two images [B, H, W, C] in [0, peak], at least 11 x 11, at every place where the window of 11
 * pixels fits: [B, H - 10, W - 10, C], the window's centre being 5 pixels to the right and below. Its mean is `ssim`; for
 * a masked one take the places whose windows lie inside of the mask.
 */
export function ssimMap(a: Tensor, b: Tensor, { peak = 1 }: SSIMOptions = {}): Tensor {
  checkImages('ssim', a, b);
  const found = terms(a, b, peak);
  return found.luminance.mul(found.structure);
}

/**
 * Structural similarity of two images [B, H, W, C] in [0, peak], at least 11 x 11: the mean over channels and places of
 * Wang et al. 2004 (eq. 13; Gaussian window of 11 pixels, sigma 1.5, K1 = 0.01, K2 = 0.03, no borders). Shape [], 1 for
 * equal images.
 */
export function ssim(a: Tensor, b: Tensor, options: SSIMOptions = {}): Tensor {
  return ssimMap(a, b, options).mean();
}

const scaleWeights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/**
 * Multi-scale structural similarity of two images [B, H, W, C] in [0, peak] of at least 176 x 176 pixels: five scales, each
 * half the one before; mean over images and channels. Wang, Simoncelli and Bovik 2003, eq. 7. Negative structure terms count
 * as 1e-6. Shape [].
 */
export function msSSIM(a: Tensor, b: Tensor, { peak = 1 }: SSIMOptions = {}): Tensor {
  checkImages('msSSIM', a, b);
  const least = window * 2 ** (scaleWeights.length - 1);
  if (Math.min(a.shape[1], a.shape[2]) < least) {
    throw new ShapeError(`msSSIM: needs at least ${least} pixels a side, got ${a.shape[1]} x ${a.shape[2]}; use ssim`);
  }
  let [x, y] = [a, b];
  const factors = scaleWeights.map((weight, scale) => {
    if (scale > 0) [x, y] = [halve(x), halve(y)];
    const found = terms(x, y, peak);
    const whole = scale === scaleWeights.length - 1 ? found.luminance.mul(found.structure) : found.structure;
    return whole.mean([1, 2]).clamp(1e-6).pow(weight);
  });
  return factors.reduce((p, q) => p.mul(q)).mean();
}
