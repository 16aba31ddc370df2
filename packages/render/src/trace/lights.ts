import { parse } from '../engine.js';
import { fromFrame, toFrame } from '../math/frame.js';

/** Kinds of records in the table of emitters; the last one stands for the sample that the surface's lobe takes. */
export const emitterKind = { environment: 0, directional: 1, point: 2, area: 3, lobe: 4 } as const;

/** Where light comes from and how much arrives, as expressions. */
const { functions } = parse(
  `
  struct Arrival { wi: vec3f, scale: f32, reach: f32 }

  // What reaches the point p: the unit direction to the light; what its colour is to be multiplied by to give radiance
  // per density (environment: per steradian; area: per share of the triangle; others: 1); the distance.
  // kind: an emitter's; chosen: a direction, vector: that of a directional or the place of a point light; y on a
  // triangle of area vector m, both sides of which shine if twoSided.
  fn arrival(kind: u32, chosen: vec3f, vector: vec3f, y: vec3f, m: vec3f, twoSided: u32, p: vec3f) -> Arrival {
    if (kind == 1) { return Arrival(-normalize(vector), 1.0, 1e30); }
    let d = select(y, vector, kind == 2) - p;
    let s = dot(d, d);
    let wi = d * inverseSqrt(s);
    if (kind == 2) { return Arrival(wi, 1.0 / s, sqrt(s)); }
    let c = -dot(m, wi);
    if (kind == 3) { return Arrival(wi, 0.5 * select(max(c, 0.0), abs(c), twoSided != 0) / s, 0.9999 * sqrt(s)); }
    return Arrival(chosen, 1.0, 1e30);
  }

  fn arrivalFromFar(chosen: vec3f) -> Arrival { return Arrival(chosen, 1.0, 1e30); }

  fn local(v: vec3f, n: vec3f) -> vec3f { return toFrame(v, n); }
  fn world(v: vec3f, n: vec3f) -> vec3f { return fromFrame(v, n); }

  // whether light can reach the surface at all
  fn above(wi: vec3f, side: vec3f, cosine: f32, weight: f32) -> u32 {
    return u32(cosine > 0.0 && dot(wi, side) > 0.0 && weight > 0.0);
  }

  // f cos L / density
  fn reflected(f: vec3f, cosine: f32, light: vec3f, scale: f32, weight: f32) -> vec3f {
    return f * light * (cosine * scale * weight);
  }
`,
  { uses: [toFrame, fromFrame] },
);

const get = (name: string) => functions.get(name)!;
export const arrival = get('arrival');
export const arrivalFromFar = get('arrivalFromFar');
export const local = get('local');
export const world = get('world');
export const above = get('above');
export const reflected = get('reflected');
