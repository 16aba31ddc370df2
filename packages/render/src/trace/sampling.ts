import { parse } from '../engine.js';
import { directionInTexel } from '../light/environment/sample.js';
import { latLongCoordinates } from '../light/environment/latLong.js';

/** Film filters and sampling weights. All of it is constant for derivatives. */
const { functions } = parse(
  `
  fn pixelPlace(pixel: u32, width: u32, offset: vec2f) -> vec2f {
    return vec2f(f32(pixel % width), f32(pixel / width)) + 0.5 + offset;
  }
  fn boxOffset(u: vec2f) -> vec2f { return u - 0.5; }
  // a tent that falls to zero at the centres of the pixels beside, in both directions
  fn tentOffset(u: vec2f) -> vec2f {
    return select(1.0 - sqrt(max(2.0 - 2.0 * u, vec2f(0.0))), sqrt(2.0 * u) - 1.0, u < vec2f(0.5));
  }
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
    // the other density may be no number, say of a lobe whose roughness is none: that must not hide what this one finds
    let ratio = select(0.0, other / own, other > 0.0);
    return 1.0 / (own * select(1.0, 1.0 + ratio * ratio, combine != 0));
  }

  struct Fate { survives: u32, scale: f32, importance: f32 }
  // Russian roulette: from some turn on a path goes on with a probability that falls with what it carries, and then counts
  // for those that did not. What it carries is told by the factors' greatest components, the same in every pass. At most
  // 0.95, so that paths end among white walls; at least 0.05, so that none counts for very many.
  fn survival(importance: f32, factor: vec3f, turn: u32, spared: u32, u: f32) -> Fate {
    let carried = importance * max(max(factor.x, factor.y), factor.z);
    let q = select(1.0, clamp(carried, 0.05, 0.95), turn + 1 >= spared);
    return Fate(u32(u < q), 1.0 / q, carried / q);
  }
`,
  { uses: [directionInTexel, latLongCoordinates] },
);

const get = (name: string) => functions.get(name)!;
export const pixelPlace = get('pixelPlace');
export const boxOffset = get('boxOffset');
/** Where in the pixel, from its centre: by two numbers, drawn from a film filter. */
export const filmOffset = { box: boxOffset, tent: get('tentOffset'), gaussian: get('gaussianOffset') } as const;
export const shareBetween = get('shareBetween');
export const texelDirection = get('texelDirection');
export const texelOf = get('texelOf');
export const evenInTriangle = get('evenInTriangle');
export const sampleWeight = get('sampleWeight');
export const survival = get('survival');
