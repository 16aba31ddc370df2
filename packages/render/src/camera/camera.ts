import type { ReadonlyVec3 } from 'gl-matrix';
import { ShapeError, elementwise, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { beside, countViews, overViews } from './batch.js';
import { bent, bentVertex, newtonStep, undistorted } from './distortion.js';
import {
  parallelClip,
  parallelPixel,
  parallelPoint,
  perspectiveClip,
  perspectiveDirection,
  perspectivePixel,
  perspectivePoint,
  planeOfPixel,
} from './lens.js';
import { rotationOf } from './rotation.js';
import type { Rotation } from './rotation.js';

/**
 * A camera: what points look like, and which rays pixels see. Right-handed world, +Y up; the camera looks down its -Z, +X
 * is right. Clip space is WebGPU's: x right, y up, z in [0, 1]. Pixel (0, 0) is the top left; pixel centres lie at +0.5.
 * Everything that is a tensor carries gradients: lens, pose, and points.
 *
 * A camera whose pose or lens has a leading dimension [B] is a batch of B views. What it is asked then is one list [N, C]
 * for all views, or one [B, ..., C] for each, and the answer [B, ..., C].
 */
export interface Camera {
  /** Height and width of the image in pixels. */
  readonly size: { readonly height: number; readonly width: number };
  /** Whether rays come from one point, or are parallel. */
  readonly projection: 'perspective' | 'orthographic';
  /**
   * [4] or [B, 4]: (fx, fy, cx, cy). Focal lengths in pixels, or, of parallel rays, pixels per world unit; and where the
   * axis meets the image, in pixels from its top left corner.
   */
  readonly intrinsics: Tensor;
  /** [5] or [B, 5], see `LensOptions`; undefined where straight lines stay straight. */
  readonly distortion: Tensor | undefined;
  /** Where the camera stands in the world. */
  readonly pose: Pose;
  /** Distances of the clip planes z = 0 and z = 1, in world units. */
  readonly near: number;
  readonly far: number;
  /** How many views these are; undefined for a single one, whose images have no leading dimension. */
  readonly views: number | undefined;
  /**
   * World points [..., 3] -> clip coordinates [..., 4]; w = distance along the view axis, or 1 where rays are parallel. What
   * the lens distorts is right at the points: edges of triangles between them are drawn straight. Points so far from the
   * axis that the distortion turns round get a place behind the camera.
   */
  project(points: Tensor): Tensor;
  /** World points [..., 3] -> pixel coordinates and distance along the view axis [..., 3]. */
  toPixels(points: Tensor): Tensor;
  /** Pixel coordinates [..., 2] (centres at +0.5) -> origins and unit directions of rays in the world, [..., 3] each. */
  rays(pixels: Tensor): { readonly origins: Tensor; readonly directions: Tensor };
  /** Pixel coordinates and distance along the view axis [..., 3] -> world points [..., 3]: the inverse of `toPixels`. */
  unproject(pixels: Tensor): Tensor;
  /**
   * Where the rays that see world points [..., 3] start: [..., 3], or the camera's position [3] where that is the answer for
   * all of them.
   */
  eyes(points: Tensor): Tensor;
  /** The same view in an image of `factor` (a whole number) times as many pixels along each side. */
  finer(factor: number): Camera;
}

/** A camera's place: world point = rotation * camera point + position. */
export interface Pose {
  /** [3, 3], or [B, 3, 3] for several views. */
  readonly rotation: Rotation;
  /** [3] or [B, 3], world units. */
  readonly position: Tensor;
}

/** What all cameras take. */
export interface CameraOptions {
  /** Image size in pixels. */
  readonly width: number;
  readonly height: number;
  /** Position of the camera in the world, [3] or [B, 3]; the origin by default. */
  readonly position?: Tensor | ReadonlyVec3;
  /** Orientation; identity (looking down -Z) by default. `lookAt` makes both. */
  readonly rotation?: Rotation;
  readonly near?: number;
  readonly far?: number;
}

/** What tells one kind of camera from another. */
export interface Lens {
  readonly projection: Camera['projection'];
  readonly intrinsics: Tensor;
  readonly distortion?: Tensor | undefined;
}

const identity = (): Rotation =>
  rotationOf(
    tensor([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]),
  );

/** A vector of the host as a tensor. */
export const toTensor = (v: Tensor | ReadonlyVec3): Tensor => ('length' in v ? tensor([v[0], v[1], v[2]]) : v);

/**
 * A camera of any lens.
 * @throws ShapeError for sizes, distances and shapes that do not fit.
 */
export function makeCamera(options: CameraOptions, { projection, intrinsics, distortion }: Lens): Camera {
  const { width, height, near = 0.1, far = 1e4, rotation = identity() } = options;
  if (![width, height].every((n) => Number.isInteger(n) && n > 0)) {
    throw new ShapeError(`camera: width and height must be whole numbers above 0, got ${width} x ${height}`);
  }
  if (!(near > 0 && far > near)) throw new ShapeError(`camera: needs 0 < near < far, got near ${near}, far ${far}`);
  const position = toTensor(options.position ?? [0, 0, 0]);
  const views = countViews([
    ['intrinsics', intrinsics, [4]],
    ['position', position, [3]],
    ['rotation', rotation.matrix, [3, 3]],
    ...(distortion ? [['distortion', distortion, [5]] as const] : []),
  ]);
  const parallel = projection === 'orthographic';
  const [place, k] = [beside(position), beside(intrinsics)];
  const coefficients = distortion && [
    beside(distortion.narrow(-1, 0, 4)),
    beside(distortion.narrow(-1, 4, 1)).squeeze(-1),
  ];
  const inView = (points: Tensor): Tensor => rotation.inverse().apply(points.sub(place));
  const bend = (how: typeof bent, v: Tensor): Tensor => (coefficients ? elementwise(how, v, ...coefficients) : v);
  /** Places on the image plane, without distortion. */
  const onPlane = (pixels: Tensor): Tensor => {
    const seen = elementwise(planeOfPixel, pixels, k);
    if (!coefficients) return seen;
    return elementwise(newtonStep, seen, elementwise(undistorted, seen, ...coefficients).detach(), ...coefficients);
  };
  const axis = (): Tensor => rotation.matrix.narrow(-1, 2, 1).squeeze(-1);
  return {
    ...{ size: { width, height }, projection, intrinsics, distortion, near, far, views },
    pose: { rotation, position },
    project: (points) =>
      overViews(views, points, (rows) =>
        elementwise(
          parallel ? parallelClip : perspectiveClip,
          ...[bend(bentVertex, inView(rows)), k, tensor([width, height]), tensor([near, far])],
        ),
      ),
    toPixels: (points) =>
      overViews(views, points, (rows) =>
        elementwise(parallel ? parallelPixel : perspectivePixel, bend(bent, inView(rows)), k),
      ),
    rays: (pixels) => {
      const origins = (rows: Tensor): Tensor => rotation.apply(elementwise(parallelPoint, onPlane(rows), 0)).add(place);
      const directions = (rows: Tensor): Tensor => rotation.apply(elementwise(perspectiveDirection, onPlane(rows)));
      const all = [...pixels.shape.slice(0, -1), 3];
      const everywhere = (v: Tensor): Tensor =>
        views === undefined ? v.expand(all) : overViews(views, pixels, (rows) => v.expand([views, rows.shape[1], 3]));
      return parallel
        ? { origins: overViews(views, pixels, origins), directions: everywhere(beside(axis()).neg()) }
        : { origins: everywhere(place), directions: overViews(views, pixels, directions) };
    },
    unproject: (pixels) =>
      overViews(views, pixels, (rows) => {
        const depth = rows.narrow(-1, 2, 1).squeeze(-1);
        const at = onPlane(rows.narrow(-1, 0, 2));
        return rotation.apply(elementwise(parallel ? parallelPoint : perspectivePoint, at, depth)).add(place);
      }),
    eyes: (points) => {
      if (!parallel && views === undefined) return place;
      return overViews(views, points, (rows) => {
        if (!parallel) return place.expand([views!, rows.shape[1], 3]);
        const along = beside(axis());
        return rows.add(place.sub(rows).mul(along).sum(-1, true).mul(along));
      });
    },
    finer: (factor) =>
      makeCamera(
        { width: factor * width, height: factor * height, near, far, rotation, position },
        { projection, intrinsics: intrinsics.mul(factor), distortion },
      ),
  };
}
