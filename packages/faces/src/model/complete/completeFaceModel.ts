import { FormatError } from '../../engine.js';
import { SurfaceTree } from '../../geometry/surfaceTree.js';
import { contourArcs } from '../contours.js';
import { checkFaceModel } from '../faceModelData.js';
import type { FaceModelData } from '../faceModelData.js';
import { checkSource } from '../files/sourceModel.js';
import type { SourceFaceModel } from '../files/sourceModel.js';
import { pointsAtVertices } from '../surfacePoints.js';
import type { SurfacePoints } from '../surfacePoints.js';
import { cylinderUvs } from './cylinderUvs.js';
import { registerModel } from './registerModel.js';
import { carriedAlbedo, colourAlbedo, constantAlbedo } from './sourceAlbedo.js';

/** What a published file leaves open. */
export interface CompleteFaceModelOptions {
  /** [68] vertices of the Multi-PIE (iBUG) markup; by default those of the file, else found by correspondence. */
  readonly landmarks?: ArrayLike<number>;
  /**
   * For models without colours: `reference` carries the reference's albedo over, a linear RGB colour is taken everywhere.
   */
  readonly albedo?: 'reference' | readonly [number, number, number];
  /** Texels of a side of the albedo (default 256). */
  readonly textureSize?: number;
  /** Modes of the file's colours that are kept, the first ones (default 50). */
  readonly albedoModes?: number;
}

type Vector = readonly [number, number, number];

/** Beyond this distance from the reference's surface there is no face, mm. */
const faceReach = 12;

const vectorAt = (positions: ArrayLike<number>, v: number): Vector => [
  positions[3 * v],
  positions[3 * v + 1],
  positions[3 * v + 2],
];

/** Six times the volume between a surface and its middle: positive where triangles are counter-clockwise from outside. */
function volume(positions: ArrayLike<number>, triangles: ArrayLike<number>): number {
  const count = positions.length / 3;
  const middle = [0, 0, 0];
  for (let k = 0; k < positions.length; k++) middle[k % 3] += positions[k] / count;
  let sum = 0;
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => vectorAt(positions, triangles[f + k]).map((x, axis) => x - middle[axis]));
    sum += a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
  }
  return sum;
}

/** Corners of triangles [F * 3] in the opposite order. */
const flipped = (triangles: Uint32Array): Uint32Array => triangles.map((_, k) => triangles[k - (k % 3) + 2 - (k % 3)]);

/** The vertex of the nearest point's triangle that is nearest. */
function nearestVertex(tree: SurfaceTree, positions: ArrayLike<number>, point: Vector): number {
  const corners = tree.vertices(tree.closest(point).triangle);
  const off = (v: number): number => vectorAt(positions, v).reduce((sum, x, k) => sum + (x - point[k]) ** 2, 0);
  return corners.reduce((best, v) => (off(v) < off(best) ? v : best));
}

/** Landmarks given as vertices, or those of the reference carried over. */
function landmarksOf(
  ids: Uint32Array | undefined,
  { data, positions }: { data: FaceModelData; positions: Float64Array },
  tree: SurfaceTree,
  target: ArrayLike<number>,
): { readonly ids: Uint32Array; readonly points: SurfacePoints } {
  if (ids) return { ids, points: pointsAtVertices(ids) };
  const { vertices, weights } = data.landmarkPoints;
  const places = Array.from({ length: 68 }, (_, k): Vector => {
    const at = (axis: number): number =>
      [0, 1, 2].reduce((sum, c) => sum + weights[3 * k + c] * positions[3 * vertices[3 * k + c] + axis], 0);
    return [at(0), at(1), at(2)];
  });
  const hits = places.map((place) => tree.closest(place));
  return {
    ids: Uint32Array.from(places, (place) => nearestVertex(tree, target, place)),
    points: {
      vertices: Uint32Array.from(hits.flatMap(({ triangle }) => tree.vertices(triangle))),
      weights: Float32Array.from(hits.flatMap((hit) => hit.weights)),
    },
  };
}

/**
 * Makes a whole model of a published one: what its file lacks comes from a reference model that is laid onto its mean
 * face. The origin goes where the reference has it, between the ears; triangles are turned outwards; landmarks, mask and
 * albedo are carried over from the nearest points, the mirror is found by position, texture coordinates are unrolled
 * from a cylinder. Landmarks found this way are some millimetres off: give a published list where there is one.
 * @param reference the model that comes with this package.
 * @throws FormatError where lists do not fit, or a given landmark does not exist.
 *
 * @example
 * const source = await parseBFM2009(await readFile('01_MorphableModel.mat'));
 * const model = new MorphableModel(completeFaceModel(source, (await loadFaceModel()).data));
 */
export function completeFaceModel(
  source: SourceFaceModel,
  reference: FaceModelData,
  { landmarks: given, albedo = 'reference', textureSize: size = 256, albedoModes = 50 }: CompleteFaceModelOptions = {},
): FaceModelData {
  if (!Number.isInteger(size) || size < 1 || size > 4096)
    throw new FormatError(`a texture has 1 to 4096 texels on a side, got ${size}`);
  const marks = given ? Uint32Array.from(given) : source.landmarks;
  checkSource({ ...source, landmarks: marks });
  const outward = volume(source.positions, source.triangles) >= 0;
  const triangles = outward ? source.triangles : flipped(source.triangles);
  const found = new SurfaceTree(source.positions, triangles);
  const registered = registerModel(
    reference,
    found,
    source.positions,
    marks && Array.from(marks).flatMap((v) => vectorAt(source.positions, v)),
  );
  const { translation } = registered.similarity;
  const positions = source.positions.map((x, k) => x - translation[k % 3]);
  const tree = new SurfaceTree(positions, triangles);
  const placed = registered.positions.map((x, k) => x - translation[k % 3]);
  const surface = { data: reference, tree: new SurfaceTree(placed, reference.triangles) };
  const { ids, points } = landmarksOf(marks, { data: reference, positions: placed }, tree, positions);
  const vertices = positions.length / 3;
  const layout =
    source.uvs && source.uvTriangles
      ? { uvs: source.uvs, uvTriangles: outward ? source.uvTriangles : flipped(source.uvTriangles) }
      : cylinderUvs(positions, triangles);
  const mesh = { ...layout, positions, triangles };
  const all = Uint32Array.from({ length: vertices }, (_, v) => v);
  return checkFaceModel({
    ...{ name: source.name, licence: source.licence, positions, triangles },
    uvs: Float32Array.from(layout.uvs),
    uvTriangles: Uint32Array.from(layout.uvTriangles),
    identity: source.identity,
    blendshapeNames: source.blendshapeNames,
    blendshapes: source.blendshapes,
    landmarks: ids,
    landmarkPoints: points,
    contours: contourArcs(positions, ids, all, { axis: 0 }),
    mask: Float32Array.from(all, (v) => {
      const hit = surface.tree.closest(vectorAt(positions, v));
      if (hit.distance > faceReach) return 0;
      return surface.tree.vertices(hit.triangle).reduce((sum, id, k) => sum + hit.weights[k] * reference.mask[id], 0);
    }),
    mirror: all.map((v) => {
      const [x, y, z] = vectorAt(positions, v);
      return nearestVertex(tree, positions, [-x, y, z]);
    }),
    parts: [
      { name: 'skin', vertexStart: 0, vertexCount: vertices, triangleStart: 0, triangleCount: triangles.length / 3 },
    ],
    albedo: source.colours
      ? colourAlbedo(mesh, source.colours, surface, size, albedoModes)
      : albedo === 'reference'
        ? carriedAlbedo(mesh, surface, size)
        : constantAlbedo(mesh, surface, size, albedo),
    roughness: reference.roughness,
    ...(source.joints && {
      joints: { ...source.joints, positions: source.joints.positions.map((x, k) => x - translation[k % 3]) },
    }),
  });
}
