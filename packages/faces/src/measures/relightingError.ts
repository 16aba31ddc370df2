import { ShapeError } from '../engine.js';
import type { Tensor } from '../engine.js';
import { imageMetrics } from '../fit/metrics.js';
import type { ImageMetrics } from '../fit/metrics.js';

/**
 * How a face looks under light that it was not fitted to: `imageMetrics` of each picture against the truth, and their
 * means over the lights.
 * @param rendered pictures [H, W, 3] linear RGB, one for each light.
 * @param truth the same under the same lights.
 * @param mask [H * W] what counts.
 * @throws ShapeError where the lists do not pair.
 */
export async function relightingError(
  rendered: readonly Tensor[],
  truth: readonly Tensor[],
  mask: Uint8Array,
): Promise<{ readonly mean: ImageMetrics; readonly each: readonly ImageMetrics[] }> {
  if (rendered.length === 0 || rendered.length !== truth.length)
    throw new ShapeError(`pictures under lights must pair: got ${rendered.length} and ${truth.length}`);
  const each: ImageMetrics[] = [];
  for (const [k, picture] of rendered.entries()) each.push(await imageMetrics(picture, truth[k], mask));
  const mean = (name: keyof ImageMetrics): number => each.reduce((sum, one) => sum + one[name], 0) / each.length;
  return { mean: { ssim: mean('ssim'), psnr: mean('psnr'), photometricRmse8bit: mean('photometricRmse8bit') }, each };
}
