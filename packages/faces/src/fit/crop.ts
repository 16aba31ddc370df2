import type { HostImage } from './types.js';

/** A rectangle of a photograph in pixels, and the size at which a fit looks at it. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The part of a photograph that a face of these landmarks needs: a square about them, moved into the picture and no
 * larger than it. Whole pixels.
 *
 * @param landmarks [68 * 2] pixels. @param margin side of the square over the longer side of the landmarks' box.
 */
export function faceCrop(landmarks: ArrayLike<number>, photo: { width: number; height: number }, margin: number): Crop {
  const [x, y] = [0, 1].map((c) => Array.from({ length: 68 }, (_, i) => landmarks[2 * i + c]));
  const [left, right, top, bottom] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
  const side = Math.max(right - left, bottom - top);
  const size = Math.round(Math.min(side * margin, photo.width, photo.height));
  // landmarks end at the brows: the forehead is as high again as a third of what they span
  const centre = [(left + right) / 2, (top + bottom) / 2 - side * 0.12];
  const fit = (c: number, whole: number): number => Math.round(Math.min(Math.max(c - size / 2, 0), whole - size));
  return { left: fit(centre[0], photo.width), top: fit(centre[1], photo.height), width: size, height: size };
}

/**
 * A crop of an image at another size, on the host. Each pixel is the mean over its area in the source (bilinear between
 * the source's pixels where it is enlarged), so that reducing does not alias.
 */
export function resample(image: HostImage, crop: Crop, width: number, height: number): HostImage {
  const columns = footprints(crop.left, crop.width, width, image.width);
  const rows = footprints(crop.top, crop.height, height, image.height);
  const { channels, data } = image;
  const across = new Float32Array(image.height * width * channels);
  for (let y = 0; y < image.height; y++) {
    columns.forEach((taps, x) => {
      for (const [source, weight] of taps) {
        for (let c = 0; c < channels; c++) {
          across[(y * width + x) * channels + c] += weight * data[(y * image.width + source) * channels + c];
        }
      }
    });
  }
  const result = new Float32Array(height * width * channels);
  rows.forEach((taps, y) => {
    for (const [source, weight] of taps) {
      for (let i = 0; i < width * channels; i++)
        result[y * width * channels + i] += weight * across[source * width * channels + i];
    }
  });
  return { width, height, channels, data: result };
}

/** Per target pixel the source pixels that it covers and their weights: a tent as wide as the larger of the two pixels. */
function footprints(start: number, length: number, count: number, limit: number): [number, number][][] {
  const scale = length / count;
  const radius = Math.max(scale, 1);
  return Array.from({ length: count }, (_, i) => {
    const centre = start + (i + 0.5) * scale - 0.5;
    const taps: [number, number][] = [];
    let sum = 0;
    for (let k = Math.ceil(centre - radius); k <= Math.floor(centre + radius); k++) {
      const weight = 1 - Math.abs(k - centre) / radius;
      if (weight <= 0) continue;
      taps.push([Math.min(Math.max(k, 0), limit - 1), weight]);
      sum += weight;
    }
    return taps.map(([k, w]) => [k, w / sum]);
  });
}
