import type { ReadonlyVec3 } from 'gl-matrix';
import { ShapeError, concat, elementwise, expr, parse, stack, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { rotationOf } from './rotation.js';
import type { Rotation } from './rotation.js';

/**
 * A pinhole camera. Right-handed world, +Y up; the camera looks down its -Z, +X is right. Clip space is WebGPU's:
 * x right, y up, z in [0, 1]. Pixel (0, 0) is the top left; pixel centres lie at +0.5. Everything that is a tensor
 * carries gradients: focal lengths and principal point, pose, and points.
 */
export interface Camera {
  /** Height and width of the image in pixels. */
  readonly size: { readonly height: number; readonly width: number };
  /** Focal lengths and principal point in pixels: [4], (fx, fy, cx, cy); cx, cy from the image's top left corner. */
  readonly intrinsics: Tensor;
  /** Where the camera stands in the world. */
  readonly pose: Pose;
  /** Distances of the clip planes z = 0 and z = 1, in world units. */
  readonly near: number;
  readonly far: number;
  /** World points [..., 3] -> clip coordinates [..., 4], w = distance along the view axis. */
  project(points: Tensor): Tensor;
  /** World points [..., 3] -> pixel coordinates and distance along the view axis [..., 3]. */
  toPixels(points: Tensor): Tensor;
  /** Pixel coordinates [..., 2] (centres at +0.5) -> origins and unit directions of rays in the world, [..., 3] each. */
  rays(pixels: Tensor): { readonly origins: Tensor; readonly directions: Tensor };
  /** Pixel coordinates and distance along the view axis [..., 3] -> world points [..., 3]: the inverse of `toPixels`. */
  unproject(pixels: Tensor): Tensor;
}

/** A camera's place: world point = rotation * camera point + position. */
export interface Pose {
  readonly rotation: Rotation;
  /** [3], world units. */
  readonly position: Tensor;
}

/** What all cameras take. */
export interface CameraOptions {
  /** Image size in pixels. */
  readonly width: number;
  readonly height: number;
  /** Position of the camera in the world; the origin by default. */
  readonly position?: Tensor | ReadonlyVec3;
  /** Orientation; identity (looking down -Z) by default. `lookAt` makes both. */
  readonly rotation?: Rotation;
  readonly near?: number;
  readonly far?: number;
}

const identity = (): Rotation =>
  rotationOf(
    tensor([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]),
  );
const toTensor = (v: Tensor | ReadonlyVec3): Tensor => ('length' in v ? tensor([v[0], v[1], v[2]]) : v);

/**
 * A camera by its vertical field of view (radians, number or tensor of shape []): square pixels, principal point in the
 * middle.
 */
export function perspective(options: CameraOptions & { readonly fovY: number | Tensor }): Camera {
  const { fovY, width, height } = options;
  const angle = typeof fovY === 'number' ? tensor(fovY) : fovY;
  if (typeof fovY === 'number' && !(fovY > 0 && fovY < Math.PI)) {
    throw new ShapeError(`perspective: fovY must be an angle between 0 and pi radians, got ${fovY}`);
  }
  const half = angle.reshape([1]).mul(0.5);
  const focal = half
    .cos()
    .div(half.sin())
    .mul(height / 2);
  return makeCamera(options, concat([focal, focal, tensor([width / 2, height / 2])]));
}

/**
 * A camera by its intrinsics in pixels: [4] (fx, fy, cx, cy) or a matrix [3, 3] [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] of
 * the computer-vision convention (y down in the image, principal point from the top left corner). Skew is not supported.
 */
export function pinhole(options: CameraOptions & { readonly intrinsics: Tensor }): Camera {
  const { intrinsics } = options;
  const { shape } = intrinsics;
  if (shape.length === 1 && shape[0] === 4) return makeCamera(options, intrinsics);
  if (shape.length !== 2 || shape.some((n) => n !== 3)) {
    throw new ShapeError(`pinhole: intrinsics must be [4] or [3, 3], got [${shape.join(', ')}]`);
  }
  const at = (r: number, c: number): Tensor => intrinsics.slice(r, c);
  return makeCamera(options, stack([at(0, 0), at(1, 1), at(0, 2), at(1, 2)]));
}

/** The pose of a camera at `eye` that looks at `target`, with `up` (+Y by default) upwards. Differentiable in all. */
export function lookAt(
  eye: Tensor | ReadonlyVec3,
  target: Tensor | ReadonlyVec3,
  up: Tensor | ReadonlyVec3 = [0, 1, 0],
): Pose {
  const position = toTensor(eye);
  return {
    rotation: rotationOf(elementwise(lookRows, position, toTensor(target), toTensor(up)).reshape([3, 3])),
    position,
  };
}

const lookRows = parse(`struct Rows { a: vec3f, b: vec3f, c: vec3f }
  fn lookAt(eye: vec3f, goal: vec3f, up: vec3f) -> Rows {
    let z = normalize(eye - goal);
    let x = normalize(cross(up, z));
    let y = cross(z, x);
    return Rows(vec3f(x.x, y.x, z.x), vec3f(x.y, y.y, z.y), vec3f(x.z, y.z, z.z));
  }`).entry;

/** View coordinates to clip coordinates; k = (fx, fy, cx, cy), size = (width, height), range = (near, far). */
const toClip = expr`
  fn toClip(v: vec3f, k: vec4f, size: vec2f, range: vec2f) -> vec4f {
    let w = -v.z;
    let x = 2.0 * k.x / size.x * v.x + (2.0 * k.z / size.x - 1.0) * w;
    let y = 2.0 * k.y / size.y * v.y + (1.0 - 2.0 * k.w / size.y) * w;
    let z = range.y * (w - range.x) / (range.y - range.x);
    return vec4f(x, y, z, w);
  }`;

/** View coordinates to pixels and distance. */
const toPixel = expr`
  fn toPixel(v: vec3f, k: vec4f) -> vec3f {
    return vec3f(k.z - k.x * v.x / v.z, k.w + k.y * v.y / v.z, -v.z);
  }`;

/** Pixels and distance to view coordinates. */
const fromPixel = expr`
  fn fromPixel(p: vec3f, k: vec4f) -> vec3f {
    return vec3f((p.x - k.z) / k.x * p.z, (k.w - p.y) / k.y * p.z, -p.z);
  }`;

/** The unit direction of a pixel's ray in view coordinates. */
const pixelDirection = expr`
  fn pixelDirection(p: vec2f, k: vec4f) -> vec3f {
    return normalize(vec3f((p.x - k.z) / k.x, (k.w - p.y) / k.y, -1.0));
  }`;

function makeCamera(options: CameraOptions, intrinsics: Tensor): Camera {
  const { width, height, near = 0.1, far = 1e4, rotation = identity(), position = [0, 0, 0] } = options;
  if (![width, height].every((n) => Number.isInteger(n) && n > 0)) {
    throw new ShapeError(`camera: width and height must be whole numbers above 0, got ${width} x ${height}`);
  }
  if (!(near > 0 && far > near)) throw new ShapeError(`camera: needs 0 < near < far, got near ${near}, far ${far}`);
  const place = toTensor(position);
  const view = (points: Tensor): Tensor => rotation.inverse().apply(points.sub(place));
  return {
    size: { width, height },
    intrinsics,
    pose: { rotation, position: place },
    near,
    far,
    project: (points) => elementwise(toClip, view(points), intrinsics, tensor([width, height]), tensor([near, far])),
    toPixels: (points) => elementwise(toPixel, view(points), intrinsics),
    rays: (pixels) => {
      const directions = rotation.apply(elementwise(pixelDirection, pixels, intrinsics));
      return { origins: place.expand(directions.shape), directions };
    },
    unproject: (pixels) => rotation.apply(elementwise(fromPixel, pixels, intrinsics)).add(place),
  };
}
