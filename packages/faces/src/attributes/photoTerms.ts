import { mesh, renderVertices, sampleImage, sampleTexture, tensor, vertexNormals, vertexUVs } from '../engine.js';
import type { Camera, Tensor } from '../engine.js';
import type { LandmarkTargets } from '../losses/index.js';
import type { MorphableModel } from '../model/index.js';
import { facePixels } from '../scene/litFace.js';
import { faceBsdf } from '../scene/posedFace.js';
import { columnOf } from '../scene/surfaceImage.js';
import { traceFace } from './attributeFace.js';
import type { AttributeFace, RayOptions } from './attributeFace.js';

/** A photograph that a vector of attributes is compared with. */
export interface AttributeView {
  /** [H, W, 3] linear RGB. */
  readonly photo: Tensor;
  /** At the origin, looking down -Z. */
  readonly camera: Camera;
  readonly targets: LandmarkTargets;
}

/** Mean of |a - b| over rows of weights [N]: a, b [N, 3]. */
const weightedDifference = (a: Tensor, b: Tensor, weights: Tensor): Tensor =>
  a.sub(b).abs().mean(1).mul(weights).sum().div(weights.sum().clamp(1));

/**
 * Mean |p_S - p_R| of linear RGB over channels and over the pixels that the face proper covers whole (eq. 1), ray traced.
 * Shape []. The mask carries no gradient, and silhouettes none from rays.
 */
export function rayTerm(
  model: MorphableModel,
  face: AttributeFace,
  { photo, camera }: AttributeView,
  rays: RayOptions,
): Tensor {
  const pixels = facePixels(face.mesh, camera, columnOf(model.data.mask));
  const { image } = traceFace(model, face, camera, rays);
  return weightedDifference(image.reshape([-1, 3]), photo.reshape([-1, 3]), pixels.flatten());
}

/**
 * The same at the vertices of the face proper that face the camera, by the vertex-based renderer without shadows (eq. 4 to
 * 7): one BRDF and one light with the rays. Normal maps are not looked at. Shape [].
 */
export function vertexTerm(model: MorphableModel, face: AttributeFace, { photo, camera }: AttributeView): Tensor {
  const { mesh, textures, attributes } = face;
  const seen = renderVertices({ mesh, bsdf: faceBsdf(model, textures) }, attributes.light, camera);
  return weightedDifference(seen.colors, sampleImage(photo, seen.pixels), seen.weights.mul(model.faceMask));
}

/**
 * `vertexTerm` at some vertices [N], of light and reflectance alone: positions and normals carry no gradient. Of every tenth
 * vertex it costs a tenth. Shape [].
 */
export function shadeTerm(
  model: MorphableModel,
  face: AttributeFace,
  { photo, camera }: AttributeView,
  vertices: ArrayLike<number>,
): Tensor {
  const at = tensor(Int32Array.from(vertices));
  const own = (values: Tensor): Tensor => values.indexSelect(0, at);
  const { positions, topology, normals = vertexNormals(positions, topology) } = face.mesh;
  const points = mesh({ positions: own(positions).detach(), normals: own(normals).detach(), triangles: [] });
  const places = own(vertexUVs(face.mesh));
  const diffuse = sampleTexture(face.textures.diffuse, places);
  const specular = sampleTexture(face.textures.specular, places);
  const bsdf = faceBsdf(model, { diffuse, specular });
  const seen = renderVertices({ mesh: points, bsdf }, face.attributes.light, camera);
  return weightedDifference(seen.colors, sampleImage(photo, seen.pixels), seen.weights.mul(own(model.faceMask)));
}
