import { ShapeError } from '../../errors.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { tensor } from '../create.js';
import { lerp } from '../math.js';
import { indexSelect } from '../indexing.js';
import { expectImages, pairOf } from './spatial.js';

/**
 * Which place of the input pixel i of n belongs to, when the input has m pixels:
 * - `halfPixel`: (i + 0.5) m / n - 0.5, so that the outer edges of the images coincide; PyTorch's `align_corners=False`
 * - `aligned`: i (m - 1) / (n - 1), so that the centres of the corner pixels coincide; PyTorch's `align_corners=True`
 * - `origin`: i m / n; TensorFlow's `align_corners=False, half_pixel_centers=False`
 */
export type PixelCentres = 'halfPixel' | 'aligned' | 'origin';

/** Options of `resizeBilinear`. */
export interface ResizeOptions {
  /** Which places correspond: `halfPixel`. */
  readonly centres?: PixelCentres;
}

/**
 * Images [B, C, H, W] at another size, by interpolation between the four nearest pixels. As PyTorch's `interpolate` with
 * mode "bilinear": nothing is averaged when an image shrinks.
 * @param size [height, width] of the result.
 */
export function resizeBilinear(x: Tensor, size: readonly [number, number], options: ResizeOptions = {}): Tensor {
  expectImages('resizeBilinear', x);
  const [height, width] = pairOf('resizeBilinear', 'the size', size, 1);
  const [H, W] = [x.shape[2]!, x.shape[3]!];
  if (H === 0 || W === 0) throw new ShapeError(`resizeBilinear: images of ${H} x ${W} pixels hold nothing to resize`);
  const { centres = 'halfPixel' } = options;
  return tidy(() => {
    const rows = alongDimension(x.to('float32'), 2, placesOf(H, height, centres));
    return alongDimension(rows, 3, placesOf(W, width, centres)).to(x.dtype);
  });
}

/** For every pixel of the result the two neighbours in the input, and how far it lies from the first to the second. */
interface Places {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly part: Float32Array;
}

function placesOf(m: number, n: number, centres: PixelCentres): Places {
  const places: Places = { first: new Int32Array(n), second: new Int32Array(n), part: new Float32Array(n) };
  for (let i = 0; i < n; i++) {
    const at =
      centres === 'halfPixel'
        ? Math.max(((i + 0.5) * m) / n - 0.5, 0)
        : centres === 'origin'
          ? (i * m) / n
          : n === 1
            ? 0
            : (i * (m - 1)) / (n - 1);
    const first = Math.min(Math.floor(at), m - 1);
    places.first[i] = first;
    places.second[i] = Math.min(first + 1, m - 1);
    places.part[i] = at - first;
  }
  return places;
}

function alongDimension(x: Tensor, dim: 2 | 3, { first, second, part }: Places): Tensor {
  const t = tensor(part, dim === 2 ? [part.length, 1] : [part.length]);
  return lerp(indexSelect(x, dim, tensor(first)), indexSelect(x, dim, tensor(second)), t);
}
