import { parse, philox, uniform01 } from '../engine.js';
import { directionInTexel } from '../light/environment/sample.js';
import { latLongCoordinates } from '../light/environment/latLong.js';

/** Random numbers, strata, film filters and sampling weights. All of it is constant for derivatives. */
const { functions } = parse(
  `
  fn numbers(pixel: u32, sample: u32, stream: u32, key: vec2u) -> vec4f {
    let w = philox(vec4u(pixel, sample, stream, 0), key);
    return vec4f(uniform01(w.x), uniform01(w.y), uniform01(w.z), uniform01(w.w));
  }

  // A number per pixel and stream by which the strata of samples are turned: without it the stratum in the pixel would
  // tell the stratum on the light. Bit mixing with the constants of lowbias32 (Wellons 2018).
  fn turnOf(pixel: u32, stream: u32, key: vec2u) -> u32 {
    var h = (pixel * 0x9E3779B9) ^ (stream * 0x85EBCA6B) ^ key.x;
    h = (h ^ (h >> 16)) * 0x7feb352d;
    h = (h ^ (h >> 15)) * 0x846ca68b;
    return (h ^ (h >> 16)) ^ key.y;
  }

  // (u.x, u.y) within stratum number k of a grid
  fn stratified(u: vec4f, k: u32, columns: u32, rows: u32) -> vec2f {
    let cell = k % (columns * rows);
    let place = vec2f(f32(cell % columns) + u.x, f32(cell / columns) + u.y);
    return min(place / vec2f(f32(columns), f32(rows)), vec2f(0.99999994));
  }

  fn pixelPlace(pixel: u32, width: u32, offset: vec2f) -> vec2f {
    return vec2f(f32(pixel % width), f32(pixel / width)) + 0.5 + offset;
  }
  fn boxOffset(u: vec2f) -> vec2f { return u - 0.5; }
  // Gaussian of standard deviation 1/2 pixel, cut at 2 pixels: the film filter as a density of the samples
  fn gaussianOffset(u: vec2f) -> vec2f {
    let r = sqrt(-0.5 * log(1.0 - u.x * (1.0 - 0.00033546262790251185)));
    return r * vec2f(cos(TAU * u.y), sin(TAU * u.y));
  }

  // where u lies between two entries of a cumulative table, in [0, 1)
  fn shareBetween(u: f32, low: f32, high: f32) -> f32 {
    return clamp((u - low) / max(high - low, 1e-30), 0.0, 0.9999999);
  }
  fn texelDirection(column: u32, row: u32, shares: vec2f, size: vec2u) -> vec3f {
    return directionInTexel(f32(row), f32(column), shares.x, shares.y, vec2f(f32(size.x), f32(size.y)));
  }
  // the texel that a direction lies in
  fn texelOf(d: vec3f, size: vec2u) -> u32 {
    let uv = latLongCoordinates(d);
    let column = min(u32(uv.x * f32(size.x)), size.x - 1);
    return min(u32(uv.y * f32(size.y)), size.y - 1) * size.x + column;
  }

  // weights of the second and third corner, even over the triangle
  fn evenInTriangle(u: vec2f) -> vec2f {
    let s = sqrt(u.x);
    return vec2f(s * (1.0 - u.y), s * u.y);
  }

  // Power heuristic over the density: 0 where nothing was sampled. combine: 0 takes this technique alone.
  fn sampleWeight(own: f32, other: f32, combine: u32) -> f32 {
    if (!(own > 0.0)) { return 0.0; }
    let ratio = other / own;
    return 1.0 / (own * select(1.0, 1.0 + ratio * ratio, combine != 0));
  }
`,
  { uses: [philox, uniform01, directionInTexel, latLongCoordinates] },
);

const get = (name: string) => functions.get(name)!;
export const numbersFunction = get('numbers');
export const turnOf = get('turnOf');
export const stratified = get('stratified');
export const pixelPlace = get('pixelPlace');
export const boxOffset = get('boxOffset');
export const gaussianOffset = get('gaussianOffset');
export const shareBetween = get('shareBetween');
export const texelDirection = get('texelDirection');
export const texelOf = get('texelOf');
export const evenInTriangle = get('evenInTriangle');
export const sampleWeight = get('sampleWeight');
