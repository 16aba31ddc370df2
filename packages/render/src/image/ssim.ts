import { ShapeError, concat } from '../engine.js';
import type { Tensor } from '../engine.js';
import { checkImages } from './measures.js';
import { filterValid, gaussianWeights, halve } from './pyramid.js';

/** Options of `ssim` and `msSSIM`. */
export interface SSIMOptions {
  /** The largest value of the images (default 1). */
  readonly peak?: number;
}

const window = 11;
const sigma = 1.5;

/** Luminance and contrast-structure terms at every place where the window fits. */
function terms(a: Tensor, b: Tensor, peak: number): { luminance: Tensor; structure: Tensor } {
  const channels = a.shape[3];
  // one filter for all five moments
  const moments = filterValid(
    concat([a, b, a.mul(a), b.mul(b), a.mul(b)], 3),
    gaussianWeights(sigma, (window - 1) / 2),
  );
  const [ma, mb, aa, bb, ab] = [0, 1, 2, 3, 4].map((k) => moments.narrow(3, k * channels, channels));
  const [c1, c2] = [(0.01 * peak) ** 2, (0.03 * peak) ** 2];
  const product = ma.mul(mb);
  const squares = ma.square().add(mb.square());
  return {
    luminance: product.mul(2).add(c1).div(squares.add(c1)),
    structure: ab.sub(product).mul(2).add(c2).div(aa.add(bb).sub(squares).add(c2)),
  };
}

/**
 * Structural similarity of two images [B, H, W, C] in [0, peak], at least 11 x 11, at every place where the window of 11
 * pixels fits: [B, H - 10, W - 10, C], the window's centre being 5 pixels to the right and below. Its mean is `ssim`; for
 * a masked one take the places whose windows lie inside of the mask.
 */
export function ssimMap(a: Tensor, b: Tensor, { peak = 1 }: SSIMOptions = {}): Tensor {
  checkImages('ssim', a, b);
  const { luminance, structure } = terms(a, b, peak);
  return luminance.mul(structure);
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
    const { luminance, structure } = terms(x, y, peak);
    const whole = scale === scaleWeights.length - 1 ? luminance.mul(structure) : structure;
    return whole.mean([1, 2]).clamp(1e-6).pow(weight);
  });
  return factors.reduce((p, q) => p.mul(q)).mean();
}
