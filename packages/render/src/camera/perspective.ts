import { ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { rowOf } from './batch.js';
import { makeCamera } from './camera.js';
import type { Camera, CameraOptions } from './camera.js';

/** What cameras with a point of view take. */
export interface LensOptions {
  /**
   * [5] or [B, 5]: Brown and Conrady's coefficients (k1, k2, p1, p2, k3) in the order of computer vision, for places on the
   * plane at distance 1, y downwards; x = X / depth moves to x (1 + k1 s + k2 s^2 + k3 s^3) + (2 p1 x y + p2 (s + 2 x^2),
   * p1 (s + 2 y^2) + 2 p2 x y), s = x^2 + y^2. Rays find the way back by Newton's method: to rounding wherever the
   * distorted radius still grows with the radius by 5 % or more, which a lens does all over its image.
   */
  readonly distortion?: Tensor | undefined;
}

/**
 * A camera by its vertical field of view (radians; a number, or a tensor [] or [B]): square pixels, principal point in the
 * middle.
 */
export function perspective(options: CameraOptions & LensOptions & { readonly fovY: number | Tensor }): Camera {
  const { fovY, width, height, distortion } = options;
  const angle = typeof fovY === 'number' ? tensor(fovY) : fovY;
  if (typeof fovY === 'number' && !(fovY > 0 && fovY < Math.PI)) {
    throw new ShapeError(`perspective: fovY must be an angle between 0 and pi radians, got ${fovY}`);
  }
  if (angle.rank > 1) throw new ShapeError(`perspective: fovY must be [] or [B], got [${angle.shape.join(', ')}]`);
  const half = angle.mul(0.5);
  const focal = half
    .cos()
    .div(half.sin())
    .mul(height / 2);
  const intrinsics = rowOf([focal, focal, tensor(width / 2), tensor(height / 2)]);
  return makeCamera(options, { projection: 'perspective', intrinsics, distortion });
}

/**
 * A camera by its intrinsics in pixels: [4] (fx, fy, cx, cy) or a matrix [3, 3] [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] of
 * the computer-vision convention (y down in the image, principal point from the top left corner); [B, 4] for several views.
 * Skew is not supported.
 */
export function pinhole(options: CameraOptions & LensOptions & { readonly intrinsics: Tensor }): Camera {
  const { intrinsics, distortion } = options;
  const { shape } = intrinsics;
  if (shape.length === 2 && shape[0] === 3 && shape[1] === 3) {
    const at = (r: number, c: number): Tensor => intrinsics.slice(r, c);
    const row = rowOf([at(0, 0), at(1, 1), at(0, 2), at(1, 2)]);
    return makeCamera(options, { projection: 'perspective', intrinsics: row, distortion });
  }
  if (shape.length < 1 || shape.length > 2 || shape.at(-1) !== 4) {
    throw new ShapeError(`pinhole: intrinsics must be [4], [B, 4] or [3, 3], got [${shape.join(', ')}]`);
  }
  return makeCamera(options, { projection: 'perspective', intrinsics, distortion });
}
