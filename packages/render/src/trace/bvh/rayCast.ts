import { ShapeError, defineProgram, wgsl } from '../../engine.js';
import type { DispatchSpec, HostTensor, Tensor, WgslModule } from '../../engine.js';
import { closestHitHost } from './closestHit.js';
import { closestHit, occluded } from './traverse.wgsl.js';

/** Where rays begin and end, in lengths of their directions. */
export interface RayRange {
  /** Hits nearer than this do not count; at least 0 (default 0). */
  readonly tMin?: number;
  /** Hits at this or farther do not count (default 1e30). */
  readonly tMax?: number;
}

/** What rays hit. */
export interface RayHits {
  /** [N] float32: the hit is at origin + t * direction; tMax where there is none. */
  readonly t: Tensor;
  /** [N, 3] float32 weights of the three vertices; zeros where there is no hit. */
  readonly barycentrics: Tensor;
  /** [N] int32 numbers of the triangles, -1 where there is no hit. */
  readonly triangles: Tensor;
}

const rayInputs = { bvh: 'vec4u[B]', origins: 'f32[N, 3]', directions: 'f32[N, 3]' } as const;
const rangeOptions = { tMin: 'f32', tMax: 'f32', firstRay: 'u32' } as const;

/** Rays of a dispatch at most, so that none takes long on a slow adapter. */
const dispatchRays = 2 ** 16;

/** A kernel over `count` rays from `firstRay` on, in dispatches that none of takes long. */
const overRays = (count: number, code: WgslModule): DispatchSpec[] =>
  Array.from({ length: Math.ceil(count / dispatchRays) }, (_, k) => {
    const firstRay = k * dispatchRays;
    return { items: Math.min(dispatchRays, count - firstRay), code, options: { firstRay } };
  });

const loadRay = wgsl`
fn vectorOf(i: u32) -> vec3f { return vec3f(origins[3u * i], origins[3u * i + 1u], origins[3u * i + 2u]); }
fn directionOf(i: u32) -> vec3f { return vec3f(directions[3u * i], directions[3u * i + 1u], directions[3u * i + 2u]); }`;

type RayInputs = Readonly<Record<keyof typeof rayInputs, HostTensor>>;

function* hitsOf(
  { bvh, origins, directions }: RayInputs,
  tMin: number,
  tMax: number,
): Generator<ReturnType<typeof closestHitHost>> {
  const words = Uint32Array.from(bvh.data);
  for (let i = 0; i < origins.data.length; i += 3) {
    yield closestHitHost(words, origins.data.subarray(i, i + 3), directions.data.subarray(i, i + 3), tMin, tMax);
  }
}

const castProgram = defineProgram({
  name: 'rayCast',
  inputs: rayInputs,
  options: rangeOptions,
  outputs: ({ origins }) => ({
    t: { dtype: 'f32', shape: [origins.shape[0]] },
    barycentrics: { dtype: 'f32', shape: [origins.shape[0], 3] },
    triangles: { dtype: 'i32', shape: [origins.shape[0]] },
  }),
  dispatches: ({ N }) =>
    overRays(
      N,
      wgsl`${closestHit}${loadRay}
fn item(ray: u32) {
  let i = firstRay + ray;
  let hit = closestHit(vectorOf(i), directionOf(i), tMin, tMax);
  let miss = hit.triangle == 0xffffffffu;
  t[i] = hit.t;
  triangles[i] = bitcast<i32>(hit.triangle);
  barycentrics[3u * i] = select(1.0 - hit.u - hit.v, 0.0, miss);
  barycentrics[3u * i + 1u] = hit.u;
  barycentrics[3u * i + 2u] = hit.v;
}`,
    ),
  reference: (inputs, { tMin, tMax }) => {
    const hits = [...hitsOf(inputs, tMin, tMax)];
    return {
      t: hits.map((hit) => hit.t),
      barycentrics: hits.flatMap(({ u, v, triangle }) => (triangle < 0 ? [0, 0, 0] : [1 - u - v, u, v])),
      triangles: hits.map((hit) => hit.triangle),
    };
  },
});

const occlusionProgram = defineProgram({
  name: 'occlusion',
  inputs: rayInputs,
  options: rangeOptions,
  outputs: ({ origins }) => ({ blocked: { dtype: 'f32', shape: [origins.shape[0]] } }),
  dispatches: ({ N }) =>
    overRays(
      N,
      wgsl`${occluded}${loadRay}
fn item(ray: u32) {
  let i = firstRay + ray;
  blocked[i] = select(0.0, 1.0, occluded(vectorOf(i), directionOf(i), tMin, tMax));
}`,
    ),
  reference: (inputs, { tMin, tMax }) => ({
    blocked: Array.from(hitsOf(inputs, tMin, tMax), (hit) => (hit.triangle < 0 ? 0 : 1)),
  }),
});

function checkRays(
  name: string,
  origins: Tensor,
  directions: Tensor,
  { tMin = 0, tMax = 1e30 }: RayRange,
): Required<RayRange> {
  for (const [what, rays] of Object.entries({ origins, directions })) {
    if (rays.rank !== 2 || rays.shape[1] !== 3 || rays.shape[0] !== origins.shape[0]) {
      throw new ShapeError(
        `${name}: ${what} must be [N, 3] for equally many rays; got origins [${origins.shape.join(', ')}] and directions ` +
          `[${directions.shape.join(', ')}]`,
      );
    }
  }
  if (!(tMin >= 0 && tMin <= tMax && tMax < Infinity)) {
    throw new ShapeError(`${name}: tMin and tMax must be finite with 0 <= tMin <= tMax, got ${tMin} and ${tMax}`);
  }
  return { tMin, tMax };
}

/**
 * The nearest triangle on each ray, from either side. Detached: no gradient passes. For one that does, compute points
 * from the vertices of `triangles`.
 *
 * @param bvh from `refitBvh`
 * @param origins [N, 3]
 * @param directions [N, 3] of any length but zero; the unit of t.
 * @throws ShapeError for other shapes, or a range that is negative, empty or infinite.
 */
export function rayCast(bvh: Tensor, origins: Tensor, directions: Tensor, range: RayRange = {}): RayHits {
  const options = checkRays('rayCast', origins, directions, range);
  return castProgram({ bvh, origins: origins.detach(), directions: directions.detach() }, { ...options, firstRay: 0 });
}

/**
 * Whether anything is on each ray: [N] float32, 1 where there is a triangle with tMin <= t < tMax, 0 elsewhere. Faster
 * than `rayCast`, since any hit will do. Detached. Parameters as for `rayCast`.
 */
export function occlusion(bvh: Tensor, origins: Tensor, directions: Tensor, range: RayRange = {}): Tensor {
  const options = checkRays('occlusion', origins, directions, range);
  const rays = { bvh, origins: origins.detach(), directions: directions.detach() };
  return occlusionProgram(rays, { ...options, firstRay: 0 }).blocked;
}
