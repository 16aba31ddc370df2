import { areaLight, directionToLatLong, mesh, ShapeError, tensor, texelDirections } from '../engine.js';
import type { AreaEmitter, Tensor } from '../engine.js';
import { rotationOfAxisAngle } from '../fit/pose/rotation.js';
import type { Matrix3 } from '../fit/pose/rotation.js';
import type { FaceScene, NearLights } from './faceScene.js';
import { across, along, crossed, minus, turned, unit } from './frames.js';

/** Light from all around on the host: rows from +Y down as `environment` of @chiaro/render takes them. */
export interface LightMap {
  readonly height: number;
  readonly width: number;
  /** [H * W * 3] radiance, linear RGB. */
  readonly data: Float32Array;
}

/** The user's maps of light, by the names that scenes call them. */
export type LightMaps = Readonly<Record<string, LightMap>>;

/** Rows of the map of radiance that faces are lit by. */
const lightRows = 64;
const lightDirections = texelDirections({ height: lightRows, width: 2 * lightRows });

/** A scene's far light as a map in a frame: camera direction = frame * direction. [64, 128, 3] radiance. */
export const lightMap = (scene: FaceScene, frame: Matrix3, maps?: LightMaps): Tensor =>
  tensor(farRadiance(scene, lightDirections, frame, maps), [lightRows, 2 * lightRows, 3]);

/**
 * Radiance of a scene's far light along directions, an ambience, lamps, and a map if there is one.
 * @param frame turns directions into the camera's frame: camera direction = frame * direction.
 * @throws ShapeError where the scene names a map that is not there.
 */
export function farRadiance(
  { ambient, lamps, environment: around }: FaceScene,
  directions: Float64Array,
  frame: Matrix3,
  maps: LightMaps = {},
): Float32Array {
  const map = around && maps[around.map];
  if (around && !map) {
    const known = Object.keys(maps).join(', ') || 'none';
    throw new ShapeError(`the scene is lit by the map '${around.map}', but the maps given are: ${known}`);
  }
  const toMap = around && rotationOfAxisAngle(around.rotation.map((x) => -x));
  const data = new Float32Array(directions.length);
  for (let t = 0; t < data.length; t += 3) {
    const d = turned(frame, directions.subarray(t, t + 3));
    for (let c = 0; c < 3; c++) data[t + c] = ambient[c];
    for (const { direction: l, irradiance, sharpness } of lamps) {
      const cosine = d[0] * l[0] + d[1] * l[1] + d[2] * l[2];
      // the integral of exp(k (cos - 1)) over the sphere is nearly 2 pi / k
      const value = (Math.exp(sharpness * (cosine - 1)) * sharpness) / (2 * Math.PI);
      for (let c = 0; c < 3; c++) data[t + c] += irradiance[c] * value;
    }
    if (map && toMap) addMap(map, turned(toMap, d), around.gain, data, t);
  }
  return data;
}

/** Adds the map's radiance in a direction, bilinear between the middles of its texels. */
function addMap(
  { height, width, data }: LightMap,
  d: readonly number[],
  gain: number,
  out: Float32Array,
  at: number,
): void {
  const [u, v] = directionToLatLong(d);
  const [x, y] = [u * width - 0.5, Math.min(Math.max(v * height - 0.5, 0), height - 1)];
  const [left, top] = [Math.floor(x), Math.min(Math.floor(y), height - 2)];
  const [right, down] = [x - left, y - top];
  for (const [row, column, weight] of [
    [top, left, (1 - right) * (1 - down)],
    [top, left + 1, right * (1 - down)],
    [top + 1, left, (1 - right) * down],
    [top + 1, left + 1, right * down],
  ] as const) {
    const texel = 3 * (row * width + ((column + width) % width));
    for (let c = 0; c < 3; c++) out[at + c] += gain * weight * data[texel + c];
  }
}

/**
 * Angles from the axis to the rings of a dome: more than half a ball, so that all of a head sees nothing but its
 * outside.
 */
const rings = [1, 2, 3, 4].map((k) => (k * 110 * Math.PI) / (180 * 4));
const columns = 8;

/**
 * The part of a ball of radius 1 that faces +Z, with its area. Light is sought on it evenly, and what a ball turns
 * away from the head would be sought in vain.
 */
const dome = (() => {
  const positions = [0, 0, 1];
  const triangles: number[] = [];
  rings.forEach((angle, r) => {
    const at = (ring: number, k: number): number => 1 + ring * columns + (k % columns);
    for (let k = 0; k < columns; k++) {
      const turn = (2 * Math.PI * k) / columns;
      positions.push(Math.sin(angle) * Math.cos(turn), Math.sin(angle) * Math.sin(turn), Math.cos(angle));
      if (r === 0) triangles.push(0, at(0, k), at(0, k + 1));
      else triangles.push(at(r - 1, k), at(r, k), at(r, k + 1), at(r - 1, k), at(r, k + 1), at(r - 1, k + 1));
    }
  });
  let area = 0;
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => positions.slice(3 * triangles[f + k], 3 * triangles[f + k] + 3));
    area += Math.hypot(...crossed(minus(b, a), minus(c, a))) / 2;
  }
  const scale = Math.sqrt((2 * Math.PI * (1 - Math.cos(rings[rings.length - 1]))) / area);
  return { positions: positions.map((x) => scale * x), triangles };
})();
const domeVertices = dome.positions.length / 3;

/** Vertices [N * 33, 3] of balls in the head's frame, as far as they face the head's origin. */
export function domePositions(balls: NearLights['balls']): Tensor {
  const data = new Float32Array(dome.positions.length * balls.length);
  balls.forEach(({ position, radius }, k) => {
    const axis = unit(minus([0, 0, 0], position));
    const [u, v] = across(axis);
    for (let i = 0; i < dome.positions.length; i += 3) {
      const [x, y, z] = dome.positions.slice(i, i + 3);
      const point = along(along(along(position, radius * x, u), radius * y, v), radius * z, axis);
      data.set(point, k * dome.positions.length + i);
    }
  });
  return tensor(data, [domeVertices * balls.length, 3]);
}

/**
 * Balls that shine as one emitter, at vertices that may change from call to call (`domePositions`).
 * @param number of the emitter in its scene: tells where its balls rest, which is out of all others' way, so that the
 *   tree over triangles parts them.
 */
export function ballEmitter(count: number, number: number): (vertices: Tensor, radiance: Tensor) => AreaEmitter {
  const rest = Array.from({ length: dome.positions.length * count }, (_, i) => {
    const away = [1e4 * (1 + Math.floor(i / dome.positions.length)), 1e6 * (1 + number), 0];
    return dome.positions[i % dome.positions.length] + away[i % 3];
  });
  const triangles = Array.from({ length: dome.triangles.length * count }, (_, i) => {
    return dome.triangles[i % dome.triangles.length] + domeVertices * Math.floor(i / dome.triangles.length);
  });
  const shape = mesh({ positions: rest, triangles });
  return (vertices, radiance) => areaLight({ mesh: { ...shape, positions: vertices }, radiance });
}

/**
 * Irradiance [V, 3] of balls on points [V, 3] with unit normals [V, 3], nothing between: pi L (r / d)^2 cos, which is
 * exact where the whole ball is above the horizon.
 * @param positions [N, 3]. @param radii [N]. @param radiance [3].
 */
export function ballIrradiance(
  points: Tensor,
  normals: Tensor,
  { positions, radii, radiance }: { readonly positions: Tensor; readonly radii: Tensor; readonly radiance: Tensor },
): Tensor {
  const to = positions.unsqueeze(0).sub(points.unsqueeze(1));
  const square = to.square().sum(2);
  const cosine = to.mul(normals.unsqueeze(1)).sum(2).div(square.sqrt()).clamp(0);
  const share = radii.square().unsqueeze(0).div(square).clamp(0, 1).mul(cosine).sum(1, true);
  return share.mul(Math.PI).mul(radiance.unsqueeze(0));
}
