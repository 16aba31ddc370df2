import { arange, elementwise, parse, where } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { cosineHemisphere } from '../../bsdf/cosine.js';
import { fromFrame } from '../../math/frame.js';
import { rayCast } from '../bvh/index.js';
import type { TraceCall } from '../pathTrace.js';
import { areaVector, pointOf } from '../primary.js';
import { numbersFunction } from '../samplers.js';
import { noTriangle, reflectance } from './reflectance.js';
import type { StillScene } from './stillScene.js';

const { functions } = parse(
  `
  fn sideNormal(m: vec3f, d: vec3f) -> vec3f {
    let n = m * inverseSqrt(max(dot(m, m), 1e-36));
    return select(n, -n, dot(n, d) < 0.0);
  }
  fn scattered(u: vec2f, n: vec3f) -> vec3f { return fromFrame(cosineHemisphere(u), n); }
  fn off(x: vec3f, n: vec3f, taken: bool) -> vec3f {
    let size = max(max(abs(x.x), abs(x.y)), max(abs(x.z), 1e-3));
    return select(vec3f(1e7), x + n * (1e-5 * size), taken);
  }
  fn almost(o: vec3f, w: vec3f, t: f32) -> vec3f { return o + (0.9999 * t) * w; }
  fn back(w: vec3f) -> vec3f { return -w; }
  // what a surface sends on, by the density cos / PI of the direction in which it does
  fn sentOn(share: vec3f, n: vec3f, d: vec3f) -> vec3f { return share * (PI / max(dot(n, d), 1e-9)); }
`,
  { uses: [cosineHemisphere, fromFrame] },
);
const fn = (name: string) => functions.get(name)!;

/** Surfaces that light has come to, [N] each. */
export interface Arrival {
  /** int32 */
  readonly triangles: Tensor;
  /** [N, 3] */
  readonly points: Tensor;
  /** [N, 3] unit directions from which the light comes. */
  readonly directions: Tensor;
  /** [N, 3] what light is multiplied by on its way here. */
  readonly carried: Tensor;
  /** bool */
  readonly taken: Tensor;
}

/** In place of a sample's number, beside those of segments and starts. */
const ofWalks = 0xffff0010;

/**
 * Light that has come to surfaces goes on to those that they see, on its way to the camera: the next surface by the cosine
 * of the direction, and what the lobe sends there. `turn` tells one step's random numbers from another's.
 */
export function goOn(call: TraceCall, still: StillScene, from: Arrival, turn: number): Arrival {
  const { triangles, points, directions, carried, taken } = from;
  const { bvh, tables } = call.inputs;
  const count = triangles.shape[0];
  const key = tables.select(0, 0).narrow(0, 0, 2);
  const u = elementwise(numbersFunction, arange(count, undefined, 1, { dtype: 'uint32' }), ofWalks, turn, key);
  const normals = elementwise(
    fn('sideNormal'),
    elementwise(areaVector, ...still.cornersOf(triangles.clamp(0))),
    directions,
  );
  const way = elementwise(fn('scattered'), u.narrow(1, 0, 2), normals);
  const origins = elementwise(fn('off'), points, normals, taken);
  const hits = rayCast(bvh, origins, way);
  const met = taken.logicalAnd(hits.triangles.ge(0));
  const back = elementwise(fn('back'), way);
  const share = reflectance(call, {
    origins: elementwise(fn('almost'), origins, way, hits.t).where(met.unsqueeze(1), 1e7),
    directions: back,
    lights: directions,
    targets: triangles.to('uint32').where(met, noTriangle),
  });
  const sent = carried.mul(elementwise(fn('sentOn'), share, normals, directions));
  return {
    triangles: hits.triangles,
    points: elementwise(pointOf, hits.barycentrics.narrow(1, 1, 2), ...still.cornersOf(hits.triangles.clamp(0))),
    directions: back,
    carried: where(met.unsqueeze(1), sent, 0),
    taken: met,
  };
}
