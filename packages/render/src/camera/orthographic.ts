import { ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { rowOf } from './batch.js';
import { makeCamera } from './camera.js';
import type { Camera, CameraOptions } from './camera.js';

const scalar = (who: string, name: string, value: number | Tensor): Tensor => {
  if (typeof value === 'number' && !(value > 0)) throw new ShapeError(`${who}: ${name} must be above 0, got ${value}`);
  const found = typeof value === 'number' ? tensor(value) : value;
  if (found.rank < 2) return found;
  throw new ShapeError(`${who}: ${name} must be a number, [] or [B], got [${found.shape.join(', ')}]`);
};

/**
 * A camera of parallel rays, which start on the plane through its position: `extent` world units (a number, or a tensor []
 * or [B]) are as high as the image, square pixels, the axis in the middle.
 */
export function orthographic(options: CameraOptions & { readonly extent: number | Tensor }): Camera {
  const { height, width } = options;
  const scale = tensor(height).div(scalar('orthographic', 'extent', options.extent));
  const intrinsics = rowOf([scale, scale, tensor(width / 2), tensor(height / 2)]);
  return makeCamera(options, { projection: 'orthographic', intrinsics });
}

/**
 * Weak perspective (scaled orthography), the camera of many face models: pixel = scale * (x, -y) + center of points in the
 * camera's frame. An object at distance d before a pinhole of focal length f looks like this at scale f / d, as far as its
 * own depth is small against d. Parallel rays, as `orthographic` has them.
 *
 * @param options.scale pixels per world unit; a number, or a tensor [] or [B].
 * @param options.center [2] or [B, 2], where the axis meets the image, in pixels from its top left corner; its middle by
 * default.
 */
export function weakPerspective(
  options: CameraOptions & { readonly scale: number | Tensor; readonly center?: Tensor },
): Camera {
  const { height, width, center = tensor([width / 2, height / 2]) } = options;
  const scale = scalar('weakPerspective', 'scale', options.scale);
  if (center.rank < 1 || center.rank > 2 || center.shape.at(-1) !== 2) {
    throw new ShapeError(`weakPerspective: center must be [2] or [B, 2], got [${center.shape.join(', ')}]`);
  }
  const [cx, cy] = [center.select(-1, 0), center.select(-1, 1)];
  return makeCamera(options, { projection: 'orthographic', intrinsics: rowOf([scale, scale, cx, cy]) });
}
