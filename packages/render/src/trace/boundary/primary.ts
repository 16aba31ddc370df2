import {
  arange,
  concat,
  elementwise,
  expr,
  jvp,
  parse,
  philox,
  searchSorted,
  tensor,
  uniform01,
} from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { makeCamera } from '../../camera/camera.js';
import type { Camera } from '../../camera/index.js';
import { rayCast } from '../bvh/index.js';
import type { TraceCall } from '../pathTrace.js';
import { radianceAlong } from '../radiance.js';
import type { BoundaryTerm, Moving } from './boundary.js';
import { filmFilters } from './filmWeights.js';
import type { EdgeTable } from './edgeTable.js';
import { pointOnEdge, seenEdge, turnOf } from './outline.js';

/** How far from an edge the light of its two sides is looked up, in pixels: well above rounding in large images. */
const sideStep = 2 ** -7;
/** Share of an edge's distance within which what lies in front of it is the edge itself. */
const depthTolerance = 1e-3;
/** Places along each side of the film by which a distorted film's extent is found. */
const borderPlaces = 16;

const { functions } = parse(
  `
  // One number of a stratum each: i + a random number, in parts of the total.
  fn strataOf(i: u32, count: f32, key: vec2u, total: f32) -> f32 {
    let w = philox(vec4u(i, 0, 0, 0xed6e), key);
    return (f32(i) + uniform01(w.x)) / count * total;
  }
  fn shareOf(u: f32, end: f32, length: f32) -> f32 {
    return clamp((u - (end - length)) / max(length, 1e-30), 0.0, 1.0);
  }
  fn density(total: f32, count: f32, length: f32) -> f32 { return select(0.0, total / count, length > 0.0); }
  fn aside(place: vec2f, across: vec2f, step: f32) -> vec2f { return place + step * across; }
  fn alongOf(across: vec2f) -> vec2f { return vec2f(across.y, -across.x); }
  fn turnedAcross(speed: vec2f) -> vec2f { return vec2f(-speed.y, speed.x) / max(length(speed), 1e-30); }
`,
  { uses: [philox, uniform01] },
);
const get = (name: string) => functions.get(name)!;

const onBoth = expr`
  fn onBoth(a: vec3f, b: vec3f, a2: vec3f, b2: vec3f, t: f32, second: f32) -> vec3f {
    return (1.0 - second) * (a + t * (b - a)) + second * (a2 + t * (b2 - a2));
  }`;
const isClear = expr`
  fn isClear(near: f32, far: f32, origin: vec3f, direction: vec3f, point: vec3f, tolerance: f32) -> f32 {
    return f32(max(near, far) >= (1.0 - tolerance) * dot(point - origin, direction));
  }`;
const jump = expr`
  fn jump(inner: vec3f, outer: vec3f, weight: f32) -> vec3f { return select(vec3f(0.0), weight * (inner - outer), weight > 0.0); }`;

/**
 * The edges that the camera sees: outlines, borders and seams of meshes, sampled evenly over their length on the film. The
 * jump of radiance is that of two paths with the same random numbers, just beside the edge. Li et al. 2018, section 4.
 *
 * @param count number of samples.
 */
export function primaryTerm(call: TraceCall, edges: EdgeTable, moving: Moving, count: number): BoundaryTerm {
  const { camera } = moving;
  const parallel = Number(camera.projection === 'orthographic');
  const rows = tensor(edges.rows, [edges.count, 8]);
  const inView = camera.pose.rotation.inverse().apply(moving.positions.sub(camera.pose.position));
  const corners = (of: Tensor): Tensor[] => {
    const all = inView.indexSelect(0, of.reshape([-1])).reshape([of.shape[0], 8, 3]);
    return Array.from({ length: 8 }, (_, k) => all.select(1, k));
  };
  const film = filmInView(camera, filmFilters[call.packed.structure.filter].reach);
  const kinds = tensor(edges.kinds);
  const [p, q, r] = [0, 1, 2].map((k) => inView.indexSelect(0, trianglesOf(call).select(1, k)));
  const turns = elementwise(turnOf, p, q, r, parallel)
    .indexSelect(0, tensor(edges.triangles))
    .reshape([edges.count, 2]);
  const seen = elementwise(
    seenEdge,
    ...corners(rows),
    turns,
    kinds,
    camera.intrinsics,
    film,
    1e-2 * camera.near,
    parallel,
  );

  const lengths = seen.select(1, 2);
  const sums = lengths.cumSum(0);
  const total = sums.slice(-1);
  const key = call.inputs.tables.select(0, 0).narrow(0, 0, 2);
  const u = elementwise(get('strataOf'), arange(count, undefined, 1, { dtype: 'uint32' }), count, key, total);
  const chosen = searchSorted(sums, u, { right: true }).clamp(0, edges.count - 1);
  const [row, range] = [rows.indexSelect(0, chosen), seen.indexSelect(0, chosen)];
  const length = range.select(1, 2);
  const share = elementwise(get('shareOf'), u, sums.indexSelect(0, chosen), length);
  const [a, b] = corners(row);
  const at = elementwise(pointOnEdge, a, b, range.narrow(1, 0, 2), share, camera.intrinsics, parallel);
  const t = at.select(1, 0);
  const isSeen = length.gt(0);
  const edge = { row, t, second: range.select(1, 3), isSeen, safe: camera.unproject(tensor([[0, 0, 1]])) };

  const point = pointOf(edge, moving.positions);
  const shown = (place: Tensor): Tensor => place.where(isSeen.unsqueeze(1), 0);
  let [places, across] = [at.narrow(1, 1, 2), at.narrow(1, 3, 2)];
  let weight = elementwise(get('density'), total, count, length);
  if (camera.distortion) {
    const bent = bentOnFilm(camera, point, across);
    weight = weight.mul(bent.stretch);
    ({ places, across } = bent);
  }
  [places, across] = [shown(places), shown(across)];
  const sides = concat([sideStep, -sideStep].map((step) => elementwise(get('aside'), places, across, -step)));
  const { origins, directions } = camera.rays(sides);
  const { t: distance } = rayCast(call.inputs.bvh, origins, directions);
  const [near, far] = [distance.narrow(0, 0, count), distance.narrow(0, count, count)];
  const clear = elementwise(
    isClear,
    near,
    far,
    ...[origins.narrow(0, 0, count), directions.narrow(0, 0, count), point, depthTolerance],
  );
  const light = radianceAlong(call, origins, directions, { lines: count });
  return {
    places,
    light: elementwise(
      jump,
      light.narrow(0, 0, count),
      light.narrow(0, count, count),
      weight.mul(clear).where(isSeen, 0),
    ),
    motion: ({ positions, camera: now }) => now.toPixels(pointOf(edge, positions)).narrow(1, 0, 2).mul(across).sum(1),
  };
}

/** [F, 3] */
const trianglesOf = ({ packed: { joined } }: TraceCall): Tensor =>
  tensor(Int32Array.from(joined.rows), [joined.triangleCount, 6]).narrow(1, 0, 3);

interface EdgePoints {
  readonly row: Tensor;
  readonly t: Tensor;
  readonly second: Tensor;
  readonly isSeen: Tensor;
  readonly safe: Tensor;
}

/** The sampled points [N, 3], as they move with the vertices; a constant point in view where an edge is not seen. */
function pointOf({ row, t, second, isSeen, safe }: EdgePoints, positions: Tensor): Tensor {
  const ends = positions.indexSelect(0, row.narrow(1, 0, 4).reshape([-1])).reshape([row.shape[0], 4, 3]);
  const [a, b, c, d] = [0, 1, 2, 3].map((k) => ends.select(1, k));
  return elementwise(onBoth, a, b, c, d, t, second).where(isSeen.unsqueeze(1), safe);
}

/** The rectangle of the film without distortion that the film filter reaches: [4], least x, y and greatest x, y. */
function filmInView(camera: Camera, reach: number): Tensor {
  const { size, distortion } = camera;
  const { height, width } = size;
  const edge = reach > 0 ? reach - 0.5 : 0;
  if (!distortion) return tensor([-edge, -edge, width + edge, height + edge]);
  const along = Array.from({ length: borderPlaces + 1 }, (_, k) => k / borderPlaces);
  const border = along.flatMap((s) => {
    const [x, y] = [s * (width + 2 * edge) - edge, s * (height + 2 * edge) - edge];
    return [...[x, -edge, 1], ...[x, height + edge, 1], ...[-edge, y, 1], ...[width + edge, y, 1]];
  });
  const seen = straight(camera)
    .toPixels(camera.unproject(tensor(border, [border.length / 3, 3])))
    .narrow(1, 0, 2);
  const [low, high] = [seen.min(0), seen.max(0)];
  const margin = high.sub(low).mul(1 / borderPlaces);
  return concat([low.sub(margin), high.add(margin)]);
}

const straight = ({ size, near, far, pose, projection, intrinsics }: Camera): Camera =>
  makeCamera({ ...size, near, far, ...pose }, { projection, intrinsics });

/** Places and directions across of points on edges on a distorted film, and how much longer edges are there. */
function bentOnFilm(
  camera: Camera,
  points: Tensor,
  across: Tensor,
): { readonly places: Tensor; readonly across: Tensor; readonly stretch: Tensor } {
  const plain = straight(camera);
  const along = elementwise(get('alongOf'), across).pad([
    [0, 0],
    [0, 1],
  ]);
  const bend = (seen: Tensor): Tensor => camera.toPixels(plain.unproject(seen)).narrow(1, 0, 2);
  const [places, speed] = jvp(bend, plain.toPixels(points), along);
  return { places, across: elementwise(get('turnedAcross'), speed), stretch: speed.square().sum(1).sqrt() };
}
