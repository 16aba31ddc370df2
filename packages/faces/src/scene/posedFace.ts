import { axisAngle, ggx, vertexNormals } from '../engine.js';
import type { Bsdf, Mesh, Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';

/** A face of a model in front of a camera: what `posedFace` takes. */
export interface FacePose {
  /** [3] axis times angle, radians. */
  readonly rotation: Tensor;
  /** [3] mm. */
  readonly translation: Tensor;
  readonly identity: Tensor;
  readonly blendshapes: Tensor;
}

/**
 * The face's mesh in the camera's frame, camera point = rotation * head point + translation, with smooth normals.
 * Differentiable in everything.
 */
export function posedFace(model: MorphableModel, { rotation, translation, identity, blendshapes }: FacePose): Mesh {
  const positions = axisAngle(rotation).apply(model.geometry({ identity, blendshapes })).add(translation);
  const mesh = model.mesh(positions);
  return { ...mesh, rest: model.data.positions, normals: vertexNormals(positions, mesh.topology) };
}

/** The 68 landmarks [68, 3] of `posedFace`, without the rest of it. */
export const posedLandmarks = (
  model: MorphableModel,
  { rotation, translation, identity, blendshapes }: FacePose,
): Tensor => axisAngle(rotation).apply(model.landmarksOf({ identity, blendshapes })).add(translation);

/** Reflectance of a face as textures [H, W, 3], linear RGB. */
export interface FaceTextures {
  readonly diffuse: Tensor;
  readonly specular: Tensor;
}

/** The model's reflectance for albedo and tint coefficients. */
export function modelTextures(model: MorphableModel, albedo: Tensor, tint: Tensor): FaceTextures {
  return model.albedo({ ...(model.albedoCount > 0 && { albedo }), tint });
}

/** The surface of a face: Cook-Torrance over a Lambert base with the model's constant roughness. */
export function faceBsdf(model: MorphableModel, { diffuse, specular }: FaceTextures): Bsdf {
  return ggx({ diffuse, specular, roughness: model.roughness });
}
