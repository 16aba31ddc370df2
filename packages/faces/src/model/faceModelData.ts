import { FormatError } from '../engine.js';
import { checkTone } from './tones.js';
import { checkJoints } from './joints/jointData.js';
import type { JointData } from './joints/jointData.js';
import type { FaceTone } from './tones.js';
import type { SurfacePoints } from './surfacePoints.js';

/** A run of vertices and triangles that belong together: the skin, an eyeball, the inside of the mouth. */
export interface FacePart {
  readonly name: string;
  readonly vertexStart: number;
  readonly vertexCount: number;
  readonly triangleStart: number;
  readonly triangleCount: number;
}

/** Diffuse and specular albedo as textures; row 0 is the top of the texture (v = 1). */
export interface FaceAlbedoData {
  readonly height: number;
  readonly width: number;
  /** [H * W * 3] mean diffuse albedo, linear RGB in [0, 1]. */
  readonly mean: Float32Array;
  /** [A * H * W * 3] modes of the diffuse albedo, for weights of N(0, 1); A may be 0. */
  readonly modes: Float32Array;
  /** Synthetic modes of the diffuse albedo, whose weights follow those of `modes`; may be empty. */
  readonly tones: readonly FaceTone[];
  /** [H * W] mean specular albedo, the reflectance at normal incidence. */
  readonly specular: Float32Array;
  /** [A * H * W] modes of the specular albedo, driven by the weights of the diffuse ones. */
  readonly specularModes: Float32Array;
  /** [H * W] how much of the texel is skin, in [0, 1]: where the tint acts. */
  readonly skin: Float32Array;
}

/**
 * A morphable face model as plain numbers, the common form that every reader makes. Positions are in millimetres:
 * +X the subject's left, +Y up, +Z out of the face, the origin between the ears.
 */
export interface FaceModelData {
  readonly name: string;
  /** Licence of the numbers, one line. */
  readonly licence: string;
  /** [V * 3] the mean face, neutral, mm. */
  readonly positions: Float32Array;
  /** [F * 3] vertices, counter-clockwise seen from outside. */
  readonly triangles: Uint32Array;
  /** [T * 2] in [0, 1], v upwards. */
  readonly uvs: Float32Array;
  /** [F * 3] rows of `uvs` at the corners. */
  readonly uvTriangles: Uint32Array;
  /** [K * V * 3] displacements in mm for weights of N(0, 1), the largest first. */
  readonly identity: Float32Array;
  /** Names of the expression blendshapes. */
  readonly blendshapeNames: readonly string[];
  /** [B * V * 3] displacements in mm for weights of 1. */
  readonly blendshapes: Float32Array;
  /** [68] vertices nearest to the Multi-PIE (iBUG) landmarks in the order of that markup: 0 to 16 is the jaw from the subject's right. */
  readonly landmarks: Uint32Array;
  /** The 68 landmarks as points of the surface: between vertices, where a markup puts them; those of the jaw at vertices. */
  readonly landmarkPoints: SurfacePoints;
  /** [17] for every jaw landmark the vertices along which it slides when the head turns. */
  readonly contours: readonly Uint32Array[];
  /** [V] 1 on the face proper, 0 on scalp, neck, eyes and mouth, smooth between. */
  readonly mask: Float32Array;
  /** [V] the vertex that the mirror x -> -x maps each vertex to. */
  readonly mirror: Uint32Array;
  readonly parts: readonly FacePart[];
  readonly albedo: FaceAlbedoData;
  /** Roughness r of the GGX lobe (alpha = r^2, as `ggx` of @chiaro/render takes it), constant over the face. */
  readonly roughness: number;
  /** Joints, where the model has them: FLAME's root, neck, jaw and eyes. */
  readonly joints?: JointData;
}

/**
 * Checks that the lists of a model fit each other, so that nothing behind a reader has to.
 * @returns the data.
 * @throws FormatError that names the list.
 */
export function checkFaceModel(data: FaceModelData): FaceModelData {
  const fail = (why: string): never => {
    throw new FormatError(`face model ${JSON.stringify(data.name)}: ${why}`);
  };
  const length = (name: string, list: { readonly length: number }, expected: number): void => {
    if (list.length !== expected) fail(`${name} has ${list.length} numbers, expected ${expected}`);
  };
  const below = (name: string, list: Uint32Array, limit: number): void => {
    const at = list.findIndex((k) => k >= limit);
    if (at >= 0) fail(`entry ${at} of ${name} is ${list[at]}; there are ${limit}`);
  };
  const finite = (name: string, list: Float32Array): void => {
    const at = list.findIndex((x) => !Number.isFinite(x));
    if (at >= 0) fail(`entry ${at} of ${name} is ${list[at]}`);
  };
  const { positions, triangles, uvs, uvTriangles, identity, blendshapes, albedo } = data;
  const vertices = positions.length / 3;
  const triangleCount = triangles.length / 3;
  if (!Number.isInteger(vertices) || vertices === 0) fail(`${positions.length} numbers are no positions`);
  if (!Number.isInteger(triangleCount) || triangleCount === 0) fail(`${triangles.length} indices are no triangles`);
  below('triangles', triangles, vertices);
  length('uvTriangles', uvTriangles, triangles.length);
  below('uvTriangles', uvTriangles, uvs.length / 2);
  if (identity.length % positions.length !== 0) fail(`${identity.length} numbers are no modes of ${vertices} vertices`);
  length('blendshapes', blendshapes, data.blendshapeNames.length * positions.length);
  length('landmarks', data.landmarks, 68);
  below('landmarks', data.landmarks, vertices);
  length('landmark points', data.landmarkPoints.vertices, 204);
  length('weights of landmark points', data.landmarkPoints.weights, 204);
  below('landmark points', data.landmarkPoints.vertices, vertices);
  length('contours', data.contours, 17);
  data.contours.forEach((ids, k) => {
    below(`contour ${k}`, ids, vertices);
    if (ids.length === 0) fail(`contour ${k} is empty`);
  });
  length('mask', data.mask, vertices);
  length('mirror', data.mirror, vertices);
  below('mirror', data.mirror, vertices);
  for (const part of data.parts) {
    const { name, vertexStart, vertexCount, triangleStart, triangleCount: count } = part;
    const numbers = [vertexStart, vertexCount, triangleStart, count];
    const inside = vertexStart + vertexCount <= vertices && triangleStart + count <= triangleCount;
    if (!inside || !numbers.every((n) => Number.isInteger(n) && n >= 0)) fail(`part ${name} reaches outside the mesh`);
  }
  const texels = albedo.height * albedo.width;
  if (!(texels > 0)) fail(`an albedo of ${albedo.height} x ${albedo.width} texels is empty`);
  length('albedo mean', albedo.mean, 3 * texels);
  length('specular albedo', albedo.specular, texels);
  length('skin', albedo.skin, texels);
  if (albedo.modes.length % (3 * texels) !== 0) fail(`${albedo.modes.length} numbers are no albedo modes`);
  for (const tone of albedo.tones) checkTone(tone, albedo.height, albedo.width);
  length('specular modes', albedo.specularModes, albedo.modes.length / 3);
  finite('positions', positions);
  finite('uvs', uvs);
  finite('identity', identity);
  finite('blendshapes', blendshapes);
  finite('mask', data.mask);
  finite('weights of landmark points', data.landmarkPoints.weights);
  for (const name of ['mean', 'modes', 'specular', 'specularModes', 'skin'] as const)
    finite(`albedo ${name}`, albedo[name]);
  if (!(data.roughness > 0 && data.roughness <= 1)) fail(`roughness must be in (0, 1], got ${data.roughness}`);
  if (data.joints) checkJoints(data.joints, vertices, fail);
  return data;
}
