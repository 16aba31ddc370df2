import { FormatError, ShapeError } from '../engine.js';
import type { HostImage } from '../fit/types.js';

/** One channel on the host, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** What is added to the luminance before its logarithm: below it, noise would look like texture. */
const darkest = 0.02;

/**
 * Logarithm of the luminance, in which a brighter picture is the same picture and a number: patches without their mean, and
 * gradients, do not see exposure.
 * @throws ShapeError, FormatError for pictures whose list does not fit their size, or has numbers that are not finite.
 */
export function logLuminance({ width, height, channels, data }: HostImage): Plane {
  if (data.length !== height * width * channels)
    throw new ShapeError(
      `opticalFlow: a picture of ${width} x ${height} pixels in ${channels} channels has ${data.length} numbers`,
    );
  const plane = new Float32Array(height * width);
  for (let k = 0; k < plane.length; k++) {
    const at = channels * k;
    const y = channels === 1 ? data[at] : 0.2126 * data[at] + 0.7152 * data[at + 1] + 0.0722 * data[at + 2];
    if (!Number.isFinite(y)) throw new FormatError(`opticalFlow: pixel ${k} of a picture is ${y}, no finite number`);
    plane[k] = Math.log(darkest + Math.max(0, y));
  }
  return { width, height, data: plane };
}

/** Half the size (rounded up): means of two by two pixels, the last row or column twice where the size is odd. */
function halved({ width, height, data }: Plane): Plane {
  const [w, h] = [(width + 1) >> 1, (height + 1) >> 1];
  const half = new Float32Array(w * h);
  for (let y = 0; y < h; y++) {
    const top = 2 * y * width;
    const bottom = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < w; x++) {
      const [left, right] = [2 * x, Math.min(2 * x + 1, width - 1)];
      half[y * w + x] = 0.25 * (data[top + left] + data[top + right] + data[bottom + left] + data[bottom + right]);
    }
  }
  return { width: w, height: h, data: half };
}

/** Weights 1/4, 1/2, 1/4 along both axes, edges repeated: what keeps derivatives from seeing single pixels. */
function smoothed({ width, height, data }: Plane): Plane {
  const rows = new Float32Array(data.length);
  const both = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const k = y * width + x;
      rows[k] = 0.5 * data[k] + 0.25 * (data[k - (x > 0 ? 1 : 0)] + data[k + (x < width - 1 ? 1 : 0)]);
    }
  }
  for (let y = 0; y < height; y++) {
    const [above, below] = [y > 0 ? width : 0, y < height - 1 ? width : 0];
    for (let k = y * width; k < (y + 1) * width; k++)
      both[k] = 0.5 * rows[k] + 0.25 * (rows[k - above] + rows[k + below]);
  }
  return { width, height, data: both };
}

/** The picture smoothed, at its own size, half of it, and so on: `levels` of them, the finest first. */
export function pyramidOf(plane: Plane, levels: number): Plane[] {
  const sizes = [plane];
  while (sizes.length < levels) sizes.push(halved(sizes[sizes.length - 1]));
  return sizes.map(smoothed);
}

/** Derivatives to the right and downwards: central differences, one-sided at the edges. */
export function derivatives({ width, height, data }: Plane): { readonly dx: Float32Array; readonly dy: Float32Array } {
  const [dx, dy] = [new Float32Array(data.length), new Float32Array(data.length)];
  for (let y = 0; y < height; y++) {
    const [up, down] = [Math.max(0, y - 1), Math.min(height - 1, y + 1)];
    for (let x = 0; x < width; x++) {
      const [left, right] = [Math.max(0, x - 1), Math.min(width - 1, x + 1)];
      const k = y * width + x;
      dx[k] = (data[y * width + right] - data[y * width + left]) / Math.max(1, right - left);
      dy[k] = (data[down * width + x] - data[up * width + x]) / Math.max(1, down - up);
    }
  }
  return { dx, dy };
}

/** Bilinear value of a field of the plane's size at (x, y) in pixels, edges repeated. */
export function sampleAt(data: Float32Array, width: number, height: number, x: number, y: number): number {
  const cx = Math.min(Math.max(x, 0), width - 1);
  const cy = Math.min(Math.max(y, 0), height - 1);
  const left = Math.min(Math.floor(cx), Math.max(0, width - 2));
  const top = Math.min(Math.floor(cy), Math.max(0, height - 2));
  const [fx, fy] = [cx - left, cy - top];
  const k = top * width + left;
  const right = width > 1 ? 1 : 0;
  const below = height > 1 ? width : 0;
  const upper = data[k] + fx * (data[k + right] - data[k]);
  const lower = data[k + below] + fx * (data[k + below + right] - data[k + below]);
  return upper + fy * (lower - upper);
}
