import { ShapeError, defineProgram, elementwise, expr, wgsl } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { Mesh } from '../../geometry/index.js';
import { bvhOf } from './meshBvh.js';
import { nearestTriangleHost } from './nearestHost.js';
import { nearestTriangle } from './nearest.wgsl.js';

/** The points of a surface that are nearest to given ones. */
export interface ClosestPoints {
  /** [N] int32 numbers of the triangles, -1 where nothing is near enough. */
  readonly triangles: Tensor;
  /** [N, 3] float32 weights of the three vertices; detached. Zeros where there is no triangle. */
  readonly barycentrics: Tensor;
  /** [N, 3] the points themselves; carries gradients to the mesh's positions, at these weights. */
  readonly positions: Tensor;
  /**
   * [N] how far they are. Its gradients, to the points and to the mesh's positions, are those of the true distance. Where
   * there is no triangle: 0, without a gradient.
   */
  readonly distance: Tensor;
  /**
   * [N] distance to the plane of the found triangle, positive on the side that its normal points to: what
   * point-to-plane registration minimises (Chen and Medioni 1992). Carries gradients to the points and to the mesh's
   * positions, the normal's included. 0 where there is no triangle, or one without area. Where an edge is nearest
   * it is the plane of either triangle.
   */
  readonly planeDistance: Tensor;
}

const nearestProgram = defineProgram({
  name: 'closestPoints',
  inputs: { bvh: 'vec4u[B]', points: 'f32[N, 3]' },
  options: { limit: 'f32' },
  outputs: ({ points }) => ({
    barycentrics: { dtype: 'f32', shape: [points.shape[0], 3] },
    triangles: { dtype: 'i32', shape: [points.shape[0]] },
  }),
  dispatches: ({ N }) => [
    {
      items: N,
      code: wgsl`${nearestTriangle}
fn item(i: u32) {
  let found = nearestTriangle(vec3f(points[3u * i], points[3u * i + 1u], points[3u * i + 2u]), limit);
  triangles[i] = bitcast<i32>(found.triangle);
  barycentrics[3u * i] = select(1.0 - found.u - found.v, 0.0, found.triangle == 0xffffffffu);
  barycentrics[3u * i + 1u] = found.u;
  barycentrics[3u * i + 2u] = found.v;
}`,
    },
  ],
  reference: ({ bvh, points }, { limit }) => {
    const words = Uint32Array.from(bvh.data);
    const found = Array.from({ length: points.data.length / 3 }, (_, i) =>
      nearestTriangleHost(words, [points.data[3 * i], points.data[3 * i + 1], points.data[3 * i + 2]], limit),
    );
    return {
      barycentrics: found.flatMap(({ u, v, triangle }) => (triangle < 0 ? [0, 0, 0] : [1 - u - v, u, v])),
      triangles: found.map(({ triangle }) => triangle),
    };
  },
});

/** A length whose gradient at zero is zero. */
const lengthOf = expr`
  fn lengthOf(v: vec3f) -> f32 {
    let s = dot(v, v);
    if (s <= 0.0) { return 0.0; }
    return sqrt(s);
  }`;

/** Distance of p from the plane of a triangle, along its normal. */
const abovePlane = expr`
  fn abovePlane(p: vec3f, a: vec3f, b: vec3f, c: vec3f) -> f32 {
    let n = cross(b - a, c - a);
    let s = dot(n, n);
    if (s <= 0.0) { return 0.0; }
    return dot(p - a, n) * inverseSqrt(s);
  }`;

/**
 * For each point the nearest point of a surface, found on the GPU through the mesh's tree (`bvhOf`) at
 * the present positions: it replays inside of `compile` while the mesh moves. Inside, edges and corners of triangles count
 * alike (Ericson 2005, Real-Time Collision Detection, section 5.1.5, in another form); triangles without area are their edges. Of
 * equally near triangles one is given. What you do not use is not computed.
 *
 * @param points [N, 3]; one with NaN is near to nothing.
 * @param options `maxDistance`: what is not nearer than this does not count; default 1e15.
 * @throws ShapeError for other shapes, a mesh without triangles.
 * @example
 * const { planeDistance } = closestPoints(surface, scan);
 * planeDistance.square().mean().backward(); // pulls the surface to the scan
 */
export function closestPoints(
  mesh: Mesh,
  points: Tensor,
  { maxDistance = 1e15 }: { readonly maxDistance?: number } = {},
): ClosestPoints {
  if (points.rank !== 2 || points.shape[1] !== 3) {
    throw new ShapeError(`closestPoints: points must be [N, 3], got [${points.shape.join(', ')}]`);
  }
  if (mesh.topology.triangleCount === 0) throw new ShapeError('closestPoints: the mesh has no triangles');
  if (!(maxDistance > 0 && maxDistance <= 1e15)) {
    throw new ShapeError(`closestPoints: maxDistance must be positive and at most 1e15, got ${maxDistance}`);
  }
  const { triangles, barycentrics } = nearestProgram(
    { bvh: bvhOf(mesh), points: points.detach() },
    { limit: maxDistance ** 2 },
  );
  const found = triangles.ge(0);
  const rows = mesh.triangles.indexSelect(0, triangles.maximum(0));
  const corners = [0, 1, 2].map((k) => mesh.positions.indexSelect(0, rows.select(1, k)));
  const positions = corners
    .map((corner, k) => corner.mul(barycentrics.narrow(1, k, 1)))
    .reduce((sum, part) => sum.add(part));
  return {
    triangles,
    barycentrics,
    positions,
    distance: elementwise(lengthOf, points.sub(positions)).where(found, 0),
    planeDistance: elementwise(abovePlane, points, ...corners).where(found, 0),
  };
}
