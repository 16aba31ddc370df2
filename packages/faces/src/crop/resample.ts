import { ShapeError } from '../engine.js';
import type { HostImage } from '../fit/types.js';
import type { Crop } from './crop.js';
import { boxTaps, triangleTaps, type Tap } from './taps.js';

/** How a crop is brought to another size. */
export interface ResampleOptions {
  /**
   * What a pixel is the mean of where the crop is reduced; enlarged, both are bilinear.
   * - `triangle` (default): a triangle over its own width and half of both neighbours'; smoothest
   * - `box`: its own area, by samples between the picture's pixels and no further apart than these; crisper
   */
  readonly filter?: 'triangle' | 'box';
}

/**
 * A crop of an image at another size, on the host: [height * width * channels]. Each pixel is the mean over its area in the
 * source, so that reducing does not alias. Beyond the image its border pixels go on.
 * @throws ShapeError for a crop without an area, sizes that are no whole numbers above 0, and an image whose numbers are
 *   not as many as its pixels have.
 *
 * @example
 * const face = resample(photo.image, { left: 40, top: 20.5, width: 300, height: 300 }, 128, 128);
 */
export function resample(
  image: HostImage,
  crop: Crop,
  width: number,
  height: number,
  { filter = 'triangle' }: ResampleOptions = {},
): HostImage {
  const { channels, data } = image;
  if (data.length !== image.width * image.height * channels || data.length === 0)
    throw new ShapeError(
      `resample: ${data.length} numbers are no image of ${image.width} x ${image.height} pixels, ${channels} each`,
    );
  if (![width, height].every((size) => Number.isInteger(size) && size > 0))
    throw new ShapeError(`resample: cannot make ${width} x ${height} pixels`);
  if (![crop.left, crop.top, crop.width, crop.height].every(Number.isFinite) || crop.width <= 0 || crop.height <= 0)
    throw new ShapeError(`resample: a crop has a place and an area, got ${JSON.stringify(crop)}`);
  const columns = axisTaps(filter, crop.left, crop.width, width, image.width);
  const rows = axisTaps(filter, crop.top, crop.height, height, image.height);
  // rows that no pixel is made of are not looked at
  const used = rows.flat().map(({ at }) => at);
  const first = used.reduce((a, b) => Math.min(a, b));
  const last = used.reduce((a, b) => Math.max(a, b));
  const across = new Float32Array((last - first + 1) * width * channels);
  for (let y = first; y <= last; y++) {
    columns.forEach((taps, x) => {
      for (const { at, weight } of taps) {
        for (let c = 0; c < channels; c++) {
          across[((y - first) * width + x) * channels + c] += weight * data[(y * image.width + at) * channels + c];
        }
      }
    });
  }
  const result = new Float32Array(height * width * channels);
  rows.forEach((taps, y) => {
    for (const { at, weight } of taps) {
      for (let i = 0; i < width * channels; i++)
        result[y * width * channels + i] += weight * across[(at - first) * width * channels + i];
    }
  });
  return { width, height, channels, data: result };
}

/** Per target pixel the source pixels that it is made of. */
function axisTaps(
  filter: 'triangle' | 'box',
  start: number,
  length: number,
  count: number,
  limit: number,
): readonly Tap[][] {
  const scale = length / count;
  return Array.from({ length: count }, (_, i) => {
    const centre = start + (i + 0.5) * scale - 0.5;
    const taps = filter === 'box' ? boxTaps(centre, scale) : triangleTaps(centre, Math.max(scale, 1));
    return taps.map(({ at, weight }) => ({ at: Math.min(Math.max(at, 0), limit - 1), weight }));
  });
}
