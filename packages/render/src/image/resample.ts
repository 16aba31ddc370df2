import { ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/** For each place of the result the samples that it is made of and their weights: a sparse linear map along one axis. */
interface AxisMap {
  readonly length: number;
  /** Samples for each place. */
  readonly taps: number;
  /** [length * taps] */
  readonly indices: Int32Array;
  /** [length * taps], of sum 1 for each place; 0 where a window leaves the image. */
  readonly weights: Float32Array;
}

/**
 * A map from a weight for each pair of a place and a sample. Windows that leave the image lose what lies outside, and the
 * rest is scaled to sum 1: a constant image stays constant.
 */
export function axisMap(
  length: number,
  samples: number,
  window: (place: number) => readonly [first: number, last: number],
  weight: (place: number, sample: number) => number,
): AxisMap {
  const windows = Array.from({ length }, (_, place) => {
    const [first, last] = window(place);
    return [Math.max(0, first), Math.min(samples - 1, last)] as const;
  });
  const taps = Math.max(1, ...windows.map(([first, last]) => last - first + 1));
  const indices = new Int32Array(length * taps);
  const weights = new Float32Array(length * taps);
  windows.forEach(([first, last], place) => {
    const own = Array.from({ length: last - first + 1 }, (_, k) => weight(place, first + k));
    const sum = own.reduce((a, b) => a + b, 0);
    for (let k = 0; k < taps; k++) {
      indices[place * taps + k] = Math.min(first + k, last);
      weights[place * taps + k] = k < own.length ? own[k] / sum : 0;
    }
  });
  return { length, taps, indices, weights };
}

/** An image [B, H, W, C] with one axis mapped. Differentiable. */
export function mapAxis(image: Tensor, dim: 1 | 2, { length, taps, indices, weights }: AxisMap): Tensor {
  const shape = [...image.shape];
  shape.splice(dim, 1, length, taps);
  const weightShape = [1, 1, 1, 1, 1];
  weightShape.splice(dim, 2, length, taps);
  return image
    .indexSelect(dim, tensor(indices))
    .reshape(shape)
    .mul(tensor(weights).reshape(weightShape))
    .sum(dim + 1);
}

/** @throws ShapeError unless the image is [B, H, W, C] of at least one pixel. */
export function checkImage(what: string, image: Tensor): void {
  if (image.rank !== 4 || image.size === 0) {
    throw new ShapeError(`${what}: needs [B, H, W, C] of at least one pixel, got [${image.shape.join(', ')}]`);
  }
}

/** How `resize` weighs pixels: from soft to sharp, the last three with a little overshoot at edges. */
export type ResizeFilter = 'box' | 'triangle' | 'mitchell' | 'catmullRom' | 'lanczos3';

/** A filter of `resize`: weight at a distance from the centre, in source pixels when enlarging, and where it ends. */
interface Kernel {
  readonly radius: number;
  readonly weight: (x: number) => number;
}

/** The family of cubic filters of Mitchell and Netravali 1988, eq. 8. */
function cubic(b: number, c: number): Kernel {
  return {
    radius: 2,
    weight(signed) {
      const x = Math.abs(signed);
      if (x < 1) return ((12 - 9 * b - 6 * c) * x ** 3 + (-18 + 12 * b + 6 * c) * x ** 2 + 6 - 2 * b) / 6;
      if (x >= 2) return 0;
      return ((-b - 6 * c) * x ** 3 + (6 * b + 30 * c) * x ** 2 + (-12 * b - 48 * c) * x + 8 * b + 24 * c) / 6;
    },
  };
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const kernels: Readonly<Record<ResizeFilter, Kernel>> = {
  box: { radius: 0.5, weight: (x) => (x >= -0.5 && x < 0.5 ? 1 : 0) },
  triangle: { radius: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  mitchell: cubic(1 / 3, 1 / 3),
  catmullRom: cubic(0, 0.5),
  lanczos3: { radius: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function resizeMap(samples: number, length: number, { radius, weight }: Kernel): AxisMap {
  const step = samples / length;
  const width = Math.max(1, step); // reducing, the filter covers what becomes one pixel
  const centre = (place: number): number => (place + 0.5) * step - 0.5;
  return axisMap(
    length,
    samples,
    (place) => {
      const first = Math.ceil(centre(place) - radius * width - 1e-9);
      const last = Math.floor(centre(place) + radius * width + 1e-9);
      const nearest = Math.min(samples - 1, Math.max(0, Math.round(centre(place))));
      return [Math.min(first, nearest), Math.max(last, nearest)];
    },
    (place, sample) => weight((sample - centre(place)) / width),
  );
}

/**
 * An image of another size: [B, H, W, C] -> [B, height, width, C]. Pixel edges keep their places; reducing, the filter
 * grows so that nothing aliases. Windows end at the border. Resize linear light, not sRGB. Differentiable: the map is
 * linear.
 *
 * @param filter `mitchell` by default (Mitchell and Netravali 1988); `box` is the mean of areas where sizes divide.
 * @throws ShapeError for sizes below 1.
 */
export function resize(
  image: Tensor,
  { height, width }: { readonly height: number; readonly width: number },
  { filter = 'mitchell' }: { readonly filter?: ResizeFilter } = {},
): Tensor {
  checkImage('resize', image);
  for (const size of [height, width]) {
    if (!Number.isInteger(size) || size < 1) throw new ShapeError(`resize: cannot make ${height} x ${width} pixels`);
  }
  const kernel = kernels[filter];
  const rows = mapAxis(image, 1, resizeMap(image.shape[1], height, kernel));
  return mapAxis(rows, 2, resizeMap(image.shape[2], width, kernel));
}

function blur(image: Tensor, radius: number, weight: (distance: number) => number): Tensor {
  const along = (x: Tensor, dim: 1 | 2): Tensor => {
    const n = x.shape[dim];
    const map = axisMap(
      n,
      n,
      (place) => [place - radius, place + radius],
      (place, sample) => weight(sample - place),
    );
    return mapAxis(x, dim, map);
  };
  return along(along(image, 1), 2);
}

/**
 * An image blurred by a Gaussian of `sigma` pixels, cut off at three sigma: [B, H, W, C], of the same size. At the border
 * the weights inside count. Differentiable.
 * @throws ShapeError unless sigma is above 0.
 */
export function gaussianBlur(image: Tensor, sigma: number): Tensor {
  checkImage('gaussianBlur', image);
  if (!(sigma > 0 && sigma < Infinity)) throw new ShapeError(`gaussianBlur: sigma must be above 0, got ${sigma}`);
  return blur(image, Math.ceil(3 * sigma), (x) => Math.exp((-x * x) / (2 * sigma * sigma)));
}

/**
 * Means over squares of 2 radius + 1 pixels a side: [B, H, W, C], of the same size; at the border over what lies inside.
 * Differentiable.
 * @throws ShapeError unless the radius is a whole number from 0.
 */
export function boxBlur(image: Tensor, radius: number): Tensor {
  checkImage('boxBlur', image);
  if (!Number.isInteger(radius) || radius < 0)
    throw new ShapeError(`boxBlur: radius ${radius} is no whole number from 0`);
  return blur(image, radius, () => 1);
}
