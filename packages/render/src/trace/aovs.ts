import { ShapeError, elementwise, tensor, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { BsdfKind } from '../bsdf/index.js';
import { mappedNormal } from '../bsdf/index.js';
import type { Camera } from '../camera/index.js';
import { rayCast } from './bvh/index.js';
import { fittedTree, joinTopology, joinVertices } from './geometry.js';
import { lookupOnTensors, valueRecord } from './lookup.js';
import { areaVector, meetingPoint, pointOf, shadingNormal, sideOf, tangentOf, uvOf } from './primary.js';
import type { PathTraceOptions } from './pathTrace.js';
import type { Scene, Shape } from './scene.js';
import { filmPlaces } from './spread.js';

/** What the camera sees in its pixels, at their centres unless asked for otherwise. Zero where it sees no shape, ids -1. */
export interface Aovs {
  /** [H, W] distance along the view axis, world units. */
  readonly depth: Tensor;
  /** [H, W, 3] */
  readonly position: Tensor;
  /** [H, W, 3] unit normals that surfaces are shaded with, normal maps included; towards the camera. */
  readonly normal: Tensor;
  /** [H, W, 2] texture coordinates; zero for meshes without. */
  readonly uv: Tensor;
  /** [H, W, 3] the lobe's colour: its parameter `diffuse` or `albedo`, else its first vec3f; zero if it has none. */
  readonly albedo: Tensor;
  /** [H, W] int32, counted through all shapes in order. */
  readonly triangle: Tensor;
  /** [H, W] int32, number of the shape. */
  readonly shape: Tensor;
  /** [H, W] 1 where a shape is seen; of several samples the share that sees one. */
  readonly mask: Tensor;
}

/** Choices of `renderAovs`: those of `pathTrace` that say where on the film the samples are. */
export type AovOptions = Pick<PathTraceOptions, 'spp' | 'sampler' | 'filter' | 'seed' | 'generator'>;

/**
 * Geometry and colour of the shapes as the camera sees them. Emitters are not seen. Everything but ids and mask is
 * differentiable in the scene and the camera, with the seen triangles constant.
 *
 * Without `spp`, what rays through the centres of the pixels meet. With it, the mean over that many places on the film, those
 * where `pathTrace` with the same choices and seed has its samples, so that edges are smooth as in its image; what meets no shape
 * counts as zero, so that values over `mask` are those of what is seen. Such normals are shorter than 1 where they differ.
 * Ids are those at the centres. All samples are in memory at once.
 *
 * @throws ShapeError for a camera of several views, for a scene with instances, or for an `spp` that is no whole number from 1 to 2^24.
 */
export function renderAovs(scene: Scene, camera: Camera, options: AovOptions = {}): Aovs {
  const { height, width } = camera.size;
  const centres = (): Aovs => aovsAt(scene, camera, pixelCentres(height, width).reshape([height, width, 2]));
  const { spp } = options;
  if (spp === undefined) return centres();
  if (!Number.isInteger(spp) || spp < 1 || spp > 2 ** 24) {
    throw new ShapeError(`renderAovs: spp must be a whole number from 1 to 2^24, got ${spp}`);
  }
  const { triangle, shape } = centres();
  const samples = aovsAt(scene, camera, filmPlaces(camera.size, options));
  const mean = (t: Tensor): Tensor => t.mean(2);
  const { depth, position, normal, uv, albedo, mask } = samples;
  return {
    ...{ depth: mean(depth), position: mean(position), normal: mean(normal), uv: mean(uv) },
    ...{ albedo: mean(albedo), mask: mean(mask), triangle, shape },
  };
}

/** The same at places of the film, [H, W, 2] or several for each pixel, [H, W, S, 2]: images [H, W, ...] or [H, W, S, ...]. */
function aovsAt({ shapes, instances = [] }: Scene, camera: Camera, places: Tensor): Aovs {
  if (instances.length > 0) {
    throw new ShapeError('renderAovs: shows no instances; give each as a shape with its positions moved');
  }
  if (camera.views !== undefined) {
    throw new ShapeError(`renderAovs: one view at a time, got a camera of ${camera.views}; renderMesh draws several`);
  }
  const size = places.shape.slice(0, -1);
  const count = places.size / 2;
  const image = (t: Tensor): Tensor => t.reshape([...size, ...t.shape.slice(1)]);
  const seen = shapes.filter((s) => s.mesh.topology.triangleCount > 0);
  if (seen.length === 0) return nothingSeen(size);
  const joined = joinTopology(seen);
  const vertices = joinVertices(seen);

  const { origins, directions } = camera.rays(places.reshape([count, 2]));
  const { triangles } = rayCast(fittedTree(joined, vertices.positions), origins, directions);
  const hit = triangles.ge(0);
  const id = triangles.clamp(0);
  const rows = tensor(Int32Array.from(joined.rows), [joined.triangleCount, 6]).indexSelect(0, id);
  const corners = (table: Tensor, first: number): [Tensor, Tensor, Tensor] => [
    table.indexSelect(0, rows.select(1, first)),
    table.indexSelect(0, rows.select(1, first + 1)),
    table.indexSelect(0, rows.select(1, first + 2)),
  ];
  const onlyHits = (t: Tensor): Tensor => image(t.where(t.rank === 1 ? hit : hit.unsqueeze(1), 0));

  const [a, b, c] = corners(vertices.positions, 0);
  const weights = elementwise(meetingPoint, origins, directions, a, b, c);
  const position = elementwise(pointOf, weights, a, b, c);
  const m = elementwise(areaVector, a, b, c);
  const shape = tensor(Int32Array.from(joined.partOf)).indexSelect(0, id);
  const ofShape = (value: (s: Shape) => number): Tensor => tensor(Uint32Array.from(seen, value)).indexSelect(0, shape);
  const flat = ofShape((s) => Number(s.shading === 'flat'));
  const side = elementwise(sideOf, m, directions).detach();
  let normal = elementwise(shadingNormal, weights, m, ...corners(vertices.normals, 0), flat, side);
  const uv = elementwise(uvOf, weights, ...corners(vertices.uvs, 3));
  const place = { vertices: rows.narrow(1, 0, 3), weights, uv };
  const byShape = (value: (s: Shape, number: number) => Tensor | undefined, other: Tensor): Tensor =>
    seen.reduce((sum, s, k) => value(s, k)?.where(shape.eq(k).unsqueeze(1), sum) ?? sum, other);

  if (vertices.tangents) {
    const tangents = elementwise(tangentOf, weights, ...corners(vertices.tangents, 3));
    const viewer = directions.neg();
    const plain = normal;
    normal = byShape((s) => {
      if (!s.normalMap) return undefined;
      const record = valueRecord('a normal map', s.normalMap, 3, s, { at: 0, firstVertex: 0 });
      const texels = lookupOnTensors(s.normalMap, record, 3, place);
      return elementwise(mappedNormal, texels, plain, tangents, side, viewer);
    }, plain);
  }
  const albedo = byShape(
    (s, k) => {
      const name = colourOf(s.bsdf.kind);
      if (name === undefined) return undefined;
      const value = s.bsdf.values[name];
      const values = typeof value === 'number' ? tensor([value]) : value;
      const record = valueRecord(`${name} of ${s.bsdf.kind.name}`, value, 3, s, {
        at: 0,
        firstVertex: joined.firstVertex[k],
      });
      return lookupOnTensors(values, record, 3, place);
    },
    zeros([count, 3]),
  );
  return {
    depth: onlyHits(camera.toPixels(position).select(1, 2)),
    position: onlyHits(position),
    normal: onlyHits(normal),
    uv: onlyHits(uv),
    albedo: onlyHits(albedo),
    triangle: image(triangles),
    shape: image(shape.where(hit, -1)),
    mask: image(hit.to('float32')),
  };
}

/** Name of the parameter that is the lobe's colour. */
export const colourOf = ({ params }: BsdfKind): string | undefined =>
  ['diffuse', 'albedo'].find((name) => params[name] === 'vec3f') ??
  Object.keys(params).find((name) => params[name] === 'vec3f');

/** Centres of all pixels, [H * W, 2]. */
export const pixelCentres = (height: number, width: number): Tensor =>
  tensor(
    Float32Array.from({ length: 2 * height * width }, (_, i) =>
      i % 2 === 0 ? (Math.floor(i / 2) % width) + 0.5 : Math.floor(i / (2 * width)) + 0.5,
    ),
    [height * width, 2],
  );

/** What a camera sees of no shapes, in an image [..., H, W]. */
export function nothingSeen(image: readonly number[]): Aovs {
  const empty = (...rest: number[]): Tensor => zeros([...image, ...rest]);
  const none = empty().sub(1).to('int32');
  return {
    ...{ depth: empty(), position: empty(3), normal: empty(3), uv: empty(2), albedo: empty(3), mask: empty() },
    ...{ triangle: none, shape: none },
  };
}
