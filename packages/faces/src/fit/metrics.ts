import { landmarkMask } from '../crop/index.js';
import { linearToSRGB, maskedMean, psnr, ssimMap, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/** Comparison of two images inside a mask. */
export interface ImageMetrics {
  /** Mean of the SSIM map of sRGB values where the whole window of 11 pixels lies inside of the mask; NaN where none does. */
  readonly ssim: number;
  /** dB, of sRGB values. */
  readonly psnr: number;
  /** Root mean square in 8-bit sRGB steps. */
  readonly photometricRmse8bit: number;
}

/** Half of SSIM's window. */
const windowRadius = 5;

/**
 * How close a rendered image is to a photograph inside a mask.
 *
 * @param rendered [H, W, 3] linear RGB; clipped to [0, 1], as in a file.
 * @param photo the same.
 * @param mask [H * W] 0 or 1.
 */
export async function imageMetrics(rendered: Tensor, photo: Tensor, mask: Uint8Array): Promise<ImageMetrics> {
  const [height, width] = photo.shape;
  const [a, b] = [rendered, photo].map((image) => linearToSRGB(image.clamp(0, 1)).unsqueeze(0));
  const inside = tensor(Float32Array.from(mask), [1, height, width, 1]);
  const eroded = erode(mask, height, width, windowRadius);
  const windows = tensor(Float32Array.from(eroded), [1, height, width, 1])
    .narrow(1, windowRadius, height - 2 * windowRadius)
    .narrow(2, windowRadius, width - 2 * windowRadius);
  const map = ssimMap(a, b).mean(3, true);
  const square = maskedMean(a.sub(b).square(), inside);
  const [similarity, signal, error] = await Promise.all([
    map.mul(windows).sum().div(windows.sum()).item(),
    psnr(a, b, { mask: inside }).item(),
    square.sqrt().mul(255).item(),
  ]);
  return { ssim: similarity, psnr: signal, photometricRmse8bit: error };
}

/** Pixels of a mask [H * W] whose neighbours up to `radius`, diagonals included, all belong to it; none at the border. */
export function erode(mask: Uint8Array, height: number, width: number, radius: number): Uint8Array {
  const pass = (from: Uint8Array, length: number, stride: number, lines: number, lineStride: number): Uint8Array => {
    const result = new Uint8Array(from.length);
    for (let line = 0; line < lines; line++) {
      let run = 0;
      for (let k = 0; k < length; k++) {
        run = from[line * lineStride + k * stride] ? run + 1 : 0;
        if (run > 2 * radius) result[line * lineStride + (k - radius) * stride] = 1;
      }
    }
    return result;
  };
  return pass(pass(mask, width, 1, height, width), height, width, width, 1);
}

/**
 * Intersection over union of two areas: the one within the detected landmarks' outline (jaw and brows) and the one that
 * the fitted face covers within the outline of its own projected landmarks. It says whether the face's outline lies where
 * the detector saw it; what hair hides is not judged.
 *
 * @param detected, projected [68 * 2] pixels. @param covered [size * size] pixels that the fitted head covers.
 */
export function outlineIou(
  detected: ArrayLike<number>,
  projected: ArrayLike<number>,
  covered: Uint8Array,
  size: number,
): number {
  const [a, b] = [landmarkMask(detected, size), landmarkMask(projected, size)];
  let [both, either] = [0, 0];
  covered.forEach((cover, p) => {
    const [inA, inB] = [a[p] === 1, cover !== 0 && b[p] === 1];
    both += Number(inA && inB);
    either += Number(inA || inB);
  });
  return either === 0 ? 0 : both / either;
}
