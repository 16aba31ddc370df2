import { linearToBytes } from '../engine.js';
import type { ImageData8 } from '../engine.js';
import type { HostImage } from '../fit/types.js';

/**
 * How the numbers of a map become colours.
 * - color: linear light as it is, clipped to [0, 1]
 * - exposed: linear light times a factor, so that the brightest hundredth reaches 0.9
 * - normals: components -1 to 1 as bytes 0 to 255; (0, 0, 0), which is no direction, is black
 * - values: numbers in [0, 1] as grey bytes 0 to 255, no sRGB curve
 * - error: 0 to `errorRange` on a scale of colours
 */
export type Display = 'color' | 'exposed' | 'normals' | 'values' | 'error';

/** Errors at and above this many 8-bit steps have the last colour of the scale. */
export const errorRange = 64;

/** The scale of errors in sRGB bytes, evenly spaced: dark to light, so that it reads without colour too. */
export const errorScale: readonly (readonly [number, number, number])[] = [
  [8, 8, 12],
  [52, 22, 92],
  [134, 34, 108],
  [214, 64, 74],
  [247, 138, 42],
  [250, 220, 120],
  [255, 255, 240],
];

/** Pixels to show, and the factor that was applied to the light (1 unless exposed). */
export interface DisplayedImage {
  readonly pixels: ImageData8;
  readonly exposure: number;
}

/** The value that a share of the numbers does not exceed; NaN sorts last. */
function quantile(values: Float32Array, share: number): number {
  const sorted = Float32Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** 0.9 over the 99th percentile of what is lit at all; 1 for a black image. */
function exposureOf({ data }: HostImage): number {
  const bright = quantile(
    data.filter((x) => x > 0),
    0.99,
  );
  return bright > 0 ? 0.9 / bright : 1;
}

/** Three equal channels from one. */
function spread(bytes: Uint8Array, channels: 1 | 3): Uint8Array {
  return channels === 3 ? bytes : Uint8Array.from({ length: 3 * bytes.length }, (_, k) => bytes[Math.floor(k / 3)]);
}

/** Bytes of numbers in [0, 1], rounded; NaN becomes 0. */
const plainBytes = (values: Float32Array): Uint8Array => new Uint8Array(Uint8ClampedArray.from(values, (x) => 255 * x));

function normalBytes(data: Float32Array): Uint8Array {
  const bytes = plainBytes(data.map((x) => 0.5 + 0.5 * x));
  for (let k = 0; k < data.length; k += 3) {
    if (data[k] === 0 && data[k + 1] === 0 && data[k + 2] === 0) bytes.fill(0, k, k + 3);
  }
  return bytes;
}

/** The colour of an error, 0 to 255 steps, on `errorScale`. */
function errorBytes({ data, channels }: HostImage): Uint8Array {
  const bytes = new Uint8Array((data.length / channels) * 3);
  const last = errorScale.length - 1;
  for (let p = 0; p < data.length / channels; p++) {
    const value = data[p * channels] / errorRange;
    const at = last * Math.min(1, Math.max(0, Number.isNaN(value) ? 1 : value));
    const below = Math.min(last - 1, Math.floor(at));
    for (let k = 0; k < 3; k++) {
      const [a, b] = [errorScale[below][k], errorScale[below + 1][k]];
      bytes[3 * p + k] = Math.round(a + (at - below) * (b - a));
    }
  }
  return bytes;
}

function bytesOf(image: HostImage, display: Exclude<Display, 'exposed'>): Uint8Array {
  switch (display) {
    case 'color':
      return spread(linearToBytes(image.data), image.channels);
    case 'normals':
      return spread(normalBytes(image.data), image.channels);
    case 'values':
      return spread(plainBytes(image.data), image.channels);
    case 'error':
      return errorBytes(image);
  }
}

/**
 * Makes a map visible: [H, W, 1 or 3] numbers as sRGB bytes with three channels.
 *
 * @example
 * const { pixels } = displayImage(result.images.normals, 'normals');
 * await host.writeFile('normals.png', await encodePixels(pixels, { format: 'png' }));
 */
export function displayImage(image: HostImage, display: Display): DisplayedImage {
  const { width, height } = image;
  const exposure = display === 'exposed' ? exposureOf(image) : 1;
  const data =
    display === 'exposed'
      ? bytesOf({ ...image, data: image.data.map((x) => x * exposure) }, 'color')
      : bytesOf(image, display);
  return { pixels: { width, height, channels: 3, data }, exposure };
}
