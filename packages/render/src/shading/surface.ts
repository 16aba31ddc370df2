import { concat, elementwise, expr, full, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { mappedNormal } from '../bsdf/index.js';
import type { Camera } from '../camera/index.js';
import { faceNormals } from '../geometry/index.js';
import type { Shape, Topology } from '../geometry/index.js';
import { interpolate } from '../raster/interpolate/interpolate.js';
import { rasterize } from '../raster/rasterize/rasterize.js';
import type { RasterHits } from '../raster/rasterize/rasterize.js';
import { texture } from '../texture/index.js';
import { joinTopology, joinVertices } from '../trace/geometry.js';
import { valueRecord } from '../trace/lookup.js';

/** What lies under the pixels of an image of shapes; harmless values where nothing does. */
export interface Surface {
  readonly hit: RasterHits;
  /** [B?, V, 4] clip coordinates and the topology of all shapes as one: what `antialias` takes. */
  readonly clip: Tensor;
  readonly topology: Topology;
  /** [B?, H, W, 3] */
  readonly position: Tensor;
  /** [B?, H, W, 3] unit, on the viewer's side, normal maps included. */
  readonly normal: Tensor;
  /** [B?, H, W, 3] unit normal of the triangle on the viewer's side, constant. */
  readonly side: Tensor;
  /** [B?, H, W, 3] unit, towards the camera. */
  readonly viewer: Tensor;
  /** [B?, H, W, 2] */
  readonly uv: Tensor;
  /** [B?, H, W] int32, -1 where there is none. */
  readonly shape: Tensor;
  /** A value of one shape at the pixels: [B?, H, W, width], or [width] where it is a constant. */
  valueOf(shape: Shape, what: string, value: Tensor | number, width: number): Tensor;
  /** [B?, H, W, width]: that of each pixel's own shape; `other` (0) where `value` gives none for it, and where none is seen. */
  byShape(width: number, value: (shape: Shape) => Tensor | undefined, other?: number): Tensor;
}

const directionTo = expr`fn directionTo(eye: vec3f, p: vec3f) -> vec3f { return normalize(eye - p); }`;

/** +1 where the viewer sees the front of the triangle, -1 from behind. */
const viewerSide = expr`
  fn viewerSide(own: vec3f, viewer: vec3f) -> f32 { return select(-1.0, 1.0, dot(own, viewer) >= 0.0); }`;

/** `n` on the side of the viewer as the triangle's normal `own` has it, unit; `own` where n vanishes. */
const facing = expr`
  fn facing(n: vec3f, own: vec3f, viewer: vec3f) -> vec3f {
    let s = dot(n, n);
    let side = ${viewerSide}(own, viewer);
    if (s <= 1e-30) { return side * own; }
    return n * (side * inverseSqrt(s));
  }`;

/** Rasterizes the shapes, of which there is at least one triangle. */
export function surfaceUnder(shapes: readonly Shape[], camera: Camera, filter: 'bilinear' | 'trilinear'): Surface {
  const joined = joinTopology(shapes);
  const vertices = joinVertices(shapes);
  const { triangleCount } = joined;
  const rows = tensor(Int32Array.from(joined.rows), [triangleCount, 6]);
  const [triangles, uvTriangles] = [rows.narrow(1, 0, 3), rows.narrow(1, 3, 3)];
  const clip = camera.project(vertices.positions);
  const hit = rasterize(clip, triangles, camera.size);
  const { mask } = hit;
  const at = (attributes: Tensor, list = triangles): Tensor => interpolate(attributes, hit, list).value;
  const position = at(vertices.positions);
  const { value: uv, derivatives } = interpolate(vertices.uvs, hit, uvTriangles);
  const id = hit.triangles.clamp(0);
  const parts = tensor(Int32Array.from(joined.partOf)).indexSelect(0, id.flatten());
  const shape = parts.reshape(id.shape).where(mask.squeeze(-1), -1);
  const byShape: Surface['byShape'] = (width, value, other = 0) =>
    shapes.reduce(
      (sum, s, k) => value(s)?.where(shape.eq(k).unsqueeze(-1), sum) ?? sum,
      full([...id.shape, width], other),
    );
  const valueOf = (s: Shape, what: string, value: Tensor | number, width: number): Tensor => {
    valueRecord(what, value, width, s, { at: 0, firstVertex: 0 }); // throws where the shape does not fit
    if (typeof value === 'number') return tensor([value]);
    if (value.rank < 2) return value.reshape([width]);
    if (value.rank === 3) return texture(value, uv, { derivatives, filter, wrap: s.wrap ?? 'clamp' });
    const first = joined.firstVertex[shapes.indexOf(s)];
    return at(value, triangles.sub(first).clamp(0, value.shape[0] - 1));
  };

  const up = tensor([0, 0, 1]);
  const viewer = elementwise(directionTo, camera.eyes(position), position).where(mask, up);
  const faces = tensor(
    Int32Array.from({ length: 3 * triangleCount }, (_, i) => Math.floor(i / 3)),
    [triangleCount, 3],
  );
  const own = at(faceNormals(vertices.positions, triangles), faces).where(mask, up);
  const smooth = at(vertices.normals).where(mask, up);
  const flat = shapes.filter((s) => s.shading === 'flat');
  const chosen = flat.length === 0 ? smooth : byShape(3, (s) => (s.shading === 'flat' ? own : smooth)).where(mask, up);
  const plain = elementwise(facing, chosen, own.detach(), viewer).where(mask, up);
  const tangents = vertices.tangents && at(vertices.tangents, uvTriangles);
  const turn = elementwise(viewerSide, own.detach(), viewer);
  const mapped = (s: Shape, t: Tensor): Tensor | undefined => {
    if (!s.normalMap) return plain;
    const side = t.select(-1, 3).ge(0).to('float32').mul(2).sub(1).unsqueeze(-1);
    const texels = valueOf(s, 'a normal map', s.normalMap, 3);
    const tangent = concat([t.narrow(-1, 0, 3), side], -1);
    return elementwise(mappedNormal, texels, plain, tangent, turn, viewer).where(mask, up);
  };
  return {
    ...{ hit, clip, topology: joined.topology, position, viewer, uv, shape, valueOf, byShape },
    normal: tangents ? byShape(3, (s) => mapped(s, tangents)).where(mask, up) : plain,
    side: elementwise(facing, own, own, viewer).detach(),
  };
}
