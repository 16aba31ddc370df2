import { vec3 } from 'gl-matrix';
import { ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { mesh, sphereShape } from '../geometry/index.js';
import type { Mesh } from '../geometry/index.js';
import { environmentOfSH } from '../light/index.js';

/** Light from infinitely far away, by direction. */
export interface EnvironmentEmitter {
  readonly type: 'environment';
  /** [H, W, 3] radiance, lat-long: see `LatLong`. Bilinear between texels' centres. May be negative. */
  readonly map: Tensor;
  /** Whether the camera sees it where nothing else is. */
  readonly background: boolean;
}

/** Parallel light. */
export interface DirectionalEmitter {
  readonly type: 'directional';
  /** [3] where the light goes to, of any length. */
  readonly direction: Tensor;
  /** [3] irradiance on a surface that faces the light, linear RGB. */
  readonly irradiance: Tensor;
}

/** Light from a point. */
export interface PointEmitter {
  readonly type: 'point';
  /** [3] */
  readonly position: Tensor;
  /** [3] intensity per steradian, linear RGB. */
  readonly intensity: Tensor;
}

/** A mesh that shines: its front (the side from which its triangles are counter-clockwise), or both sides. */
export interface AreaEmitter {
  readonly type: 'area';
  readonly mesh: Mesh;
  /** [3] radiance, linear RGB. */
  readonly radiance: Tensor;
  readonly twoSided: boolean;
  /** The sphere that the mesh stands for, of a `sphereLight`. */
  readonly sphere?: { readonly position: Tensor; readonly radius: Tensor };
}

/** A light of a scene. */
export type Emitter = EnvironmentEmitter | DirectionalEmitter | PointEmitter | AreaEmitter;

/** A colour, or a vector: a tensor [3], three numbers, or one number for all three. */
export type Triple = Tensor | readonly number[] | number;

function triple(what: string, value: Triple): Tensor {
  if (typeof value === 'number') return tensor([value, value, value]);
  const t = 'shape' in value ? value : tensor([...value]);
  if (t.size === 3 && t.rank === 1) return t;
  throw new ShapeError(`${what} must be [3], got [${t.shape.join(', ')}]`);
}

/**
 * Light from far away, given by a lat-long map of radiance [H, W, 3]. Sampled by brightness, texel by texel; the tables
 * for that are made anew on the GPU whenever the scene is rendered.
 */
export function environment(
  map: Tensor,
  { background = true }: { readonly background?: boolean } = {},
): EnvironmentEmitter {
  if (map.rank !== 3 || map.shape[2] !== 3 || map.size === 0) {
    throw new ShapeError(`environment: the map must be [H, W, 3], got [${map.shape.join(', ')}]`);
  }
  return { type: 'environment', map, background };
}

/**
 * Light of spherical harmonics: coefficients [K, 3] of radiance (see `environmentOfSH`) as a map of `height` rows. Where
 * the sum is negative the light is: nothing is clamped, so that every coefficient keeps its gradient. Directions are
 * sampled by |L|.
 */
export function environmentFromSH(
  coefficients: Tensor,
  options: { readonly height: number; readonly width?: number; readonly background?: boolean },
): EnvironmentEmitter {
  return environment(environmentOfSH(coefficients, options), options);
}

/** Parallel light, like the sun's: `direction` is where it shines to. */
export const directionalLight = (options: {
  readonly direction: Triple;
  readonly irradiance: Triple;
}): DirectionalEmitter => ({
  type: 'directional',
  direction: triple('directionalLight: direction', options.direction),
  irradiance: triple('directionalLight: irradiance', options.irradiance),
});

/** Light from a point: irradiance falls off with the square of the distance. */
export const pointLight = (options: { readonly position: Triple; readonly intensity: Triple }): PointEmitter => ({
  type: 'point',
  position: triple('pointLight: position', options.position),
  intensity: triple('pointLight: intensity', options.intensity),
});

/** A mesh that shines evenly in all directions; it reflects nothing. */
export const areaLight = (options: {
  readonly mesh: Mesh;
  readonly radiance: Triple;
  readonly twoSided?: boolean;
}): AreaEmitter => ({
  type: 'area',
  mesh: options.mesh,
  radiance: triple('areaLight: radiance', options.radiance),
  twoSided: options.twoSided ?? false,
});

let ball: { readonly positions: Float32Array; readonly triangles: Uint32Array } | undefined;

/** Triangles of a ball of radius 1, grown until their area is the sphere's: then so is their mean shadow (Cauchy). */
function unitBall(): NonNullable<typeof ball> {
  if (ball) return ball;
  const { positions, triangles } = sphereShape({ rows: 16, columns: 24 });
  const corner = (k: number): vec3 => vec3.clone(positions.subarray(3 * k, 3 * k + 3) as Float32Array & vec3);
  let area = 0;
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => corner(triangles[f + k]));
    area += vec3.length(vec3.cross(vec3.create(), vec3.subtract(b, b, a), vec3.subtract(c, c, a))) / 2;
  }
  const scale = Math.sqrt((4 * Math.PI) / area);
  return (ball = { positions: positions.map((x) => scale * x), triangles });
}

/**
 * A ball that shines evenly: `radius` is a number or a tensor []. For rays it is a mesh of 720 triangles of the sphere's
 * area; `renderMesh` takes it as the sphere that it is.
 */
export function sphereLight(options: {
  readonly position: Triple;
  readonly radius: number | Tensor;
  readonly radiance: Triple;
}): AreaEmitter {
  const position = triple('sphereLight: position', options.position);
  const radius = typeof options.radius === 'number' ? tensor(options.radius) : options.radius;
  if (radius.size !== 1 || (typeof options.radius === 'number' && !(options.radius > 0))) {
    throw new ShapeError('sphereLight: the radius must be one number above 0');
  }
  const { positions, triangles } = unitBall();
  const sphere = { position, radius: radius.reshape([]) };
  const placed = tensor(positions, [positions.length / 3, 3])
    .mul(sphere.radius)
    .add(position);
  const shape = mesh({ positions: placed, rest: positions, triangles });
  return { ...areaLight({ mesh: shape, radiance: options.radiance }), sphere };
}
