import { ShapeError } from '../engine.js';
import type { Tensor } from '../engine.js';

/** What measures that average over pixels take. */
export interface MaskOption {
  /** Weights of pixels in [0, 1], [B, H, W, 1] or anything that broadcasts to the images; all 1 by default. */
  readonly mask?: Tensor;
}

/** @throws ShapeError unless both are images [B, H, W, C] of one shape. */
export function checkImages(what: string, a: Tensor, b: Tensor): void {
  if (a.rank !== 4 || a.shape.some((n, d) => n !== b.shape[d]) || b.rank !== 4) {
    throw new ShapeError(
      `${what}: needs two images [B, H, W, C] of one shape, got [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`,
    );
  }
}

/** Mean of values, weighted by the mask: sum(values * mask) / sum(mask). An empty mask gives 0. Shape []. */
export function maskedMean(values: Tensor, mask?: Tensor): Tensor {
  if (mask === undefined) return values.mean();
  const weights = mask.expand(values.shape);
  return values.mul(weights).sum().div(weights.sum().clamp(1e-12));
}

/** Mean absolute difference of two images, shape []. */
export function l1(a: Tensor, b: Tensor, { mask }: MaskOption = {}): Tensor {
  checkImages('l1', a, b);
  return maskedMean(a.sub(b).abs(), mask);
}

/** Mean squared difference of two images, shape []. */
export function l2(a: Tensor, b: Tensor, { mask }: MaskOption = {}): Tensor {
  checkImages('l2', a, b);
  return maskedMean(a.sub(b).square(), mask);
}

/**
 * Peak signal-to-noise ratio in decibels, 10 log10(peak^2 / mean squared difference), shape []. Equal images give
 * 120 dB (the difference is held above 1e-12 peak^2), so that gradients stay finite.
 */
export function psnr(a: Tensor, b: Tensor, { mask, peak = 1 }: MaskOption & { readonly peak?: number } = {}): Tensor {
  checkImages('psnr', a, b);
  const error = maskedMean(a.sub(b).square(), mask).div(peak * peak);
  return error
    .clamp(1e-12)
    .log()
    .mul(-10 / Math.LN10);
}

/** Intersection over union of two masks in [0, 1] of one shape: sum(a b) / sum(a + b - a b), shape []; two empty masks: 1. */
export function iou(a: Tensor, b: Tensor): Tensor {
  if (a.rank !== b.rank || a.shape.some((n, d) => n !== b.shape[d])) {
    throw new ShapeError(`iou: masks must have one shape, got [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  }
  const both = a.mul(b);
  const tiny = 1e-12;
  return both.sum().add(tiny).div(a.add(b).sub(both).sum().add(tiny));
}

/** Mean absolute difference of neighbouring pixels, across and down, of [B, H, W, C] or [H, W, C]: anisotropic total variation. */
export function totalVariation(image: Tensor): Tensor {
  const [h, w] = [image.rank - 3, image.rank - 2];
  if (h < 0) throw new ShapeError(`totalVariation: needs [B, H, W, C] or [H, W, C], got [${image.shape.join(', ')}]`);
  const [rows, columns] = [image.shape[h], image.shape[w]];
  const down = image.narrow(h, 1, rows - 1).sub(image.narrow(h, 0, rows - 1));
  const across = image.narrow(w, 1, columns - 1).sub(image.narrow(w, 0, columns - 1));
  return down.abs().mean().add(across.abs().mean());
}
