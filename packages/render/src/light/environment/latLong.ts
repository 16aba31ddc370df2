import { expr } from '../../engine.js';

/**
 * Lat-long (equirectangular) maps [H, W, C]: u = (column + 1/2) / W, v = (row + 1/2) / H in [0, 1], row 0 on top.
 *
 * v = acos(y) / pi: the top is +Y. u = atan2(x, -z) / 2 pi (plus 1 where negative): the left edge looks along -Z, a
 * quarter to the right along +X, the middle along +Z. The convention of Mitsuba's and redner's environment maps.
 */
export interface LatLong {
  readonly height: number;
  readonly width: number;
}

/** Unit vector [x, y, z] of lat-long coordinates, in float64. */
export function latLongToDirection(u: number, v: number): [number, number, number] {
  const [phi, theta] = [2 * Math.PI * u, Math.PI * v];
  const s = Math.sin(theta);
  return [s * Math.sin(phi), Math.cos(theta), -s * Math.cos(phi)];
}

/** Lat-long coordinates [u, v] of a direction of any length, in float64; at the poles u is 0. */
export function directionToLatLong(d: ArrayLike<number>): [number, number] {
  const u = Math.atan2(d[0], -d[2]) / (2 * Math.PI);
  return [u < 0 ? u + 1 : u, Math.atan2(Math.hypot(d[0], d[2]), d[1]) / Math.PI];
}

/** Unit vector of lat-long coordinates, as an expression. */
export const latLongDirection = expr`
  fn latLongDirection(uv: vec2f) -> vec3f {
    let s = sin(PI * uv.y);
    return vec3f(s * sin(TAU * uv.x), cos(PI * uv.y), -s * cos(TAU * uv.x));
  }`;

/** Lat-long coordinates of a direction of any length, as an expression; at the poles u is 0. */
export const latLongCoordinates = expr`
  fn latLongCoordinates(d: vec3f) -> vec2f {
    let u = atan2(d.x, -d.z) / TAU;
    return vec2f(select(u, u + 1.0, u < 0.0), atan2(sqrt(d.x * d.x + d.z * d.z), d.y) / PI);
  }`;

/** Solid angle in steradians of one texel of each row: exact, W * sum = 4 pi. */
export function texelSolidAngles({ height, width }: LatLong): Float64Array {
  return Float64Array.from({ length: height }, (_, row) => {
    const top = Math.cos((Math.PI * row) / height);
    const bottom = Math.cos((Math.PI * (row + 1)) / height);
    return ((2 * Math.PI) / width) * (top - bottom);
  });
}

/** Directions of the centres of all texels, [H * W][3] flat, row-major. */
export function texelDirections({ height, width }: LatLong): Float64Array {
  const directions = new Float64Array(height * width * 3);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at += 3) {
      directions.set(latLongToDirection((column + 0.5) / width, (row + 0.5) / height), at);
    }
  }
  return directions;
}
