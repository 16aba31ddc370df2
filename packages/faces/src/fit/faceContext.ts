import { MorphableModel } from '../model/index.js';
import { faceAreas, faceRegion } from '../scene/faceRegion.js';
import { columnOf } from '../scene/surfaceImage.js';
import { tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/** A model with what a fit needs of it besides: its face proper as a model of its own, and the landmarks' vertices. */
export interface FaceContext {
  readonly model: MorphableModel;
  /** The face proper, with the same coefficients. */
  readonly region: MorphableModel;
  /** [R] int32: the region's vertices in the whole model. */
  readonly regionVertices: Tensor;
  /** The same on the host. */
  readonly regionIds: Uint32Array;
  /** [R] areas on the face, mm^2, times the face mask. */
  readonly areas: Float32Array;
  /** [V, 1] face mask of the whole model. */
  readonly mask: Tensor;
  /** [68] vertices of the landmarks in the region, and in the whole model. */
  readonly regionLandmarks: Int32Array;
  readonly landmarks: Int32Array;
}

/** @param landmarkVertices [68] vertices of the whole model that the landmarks were found at. */
export function faceContext(model: MorphableModel, landmarkVertices: ArrayLike<number>): FaceContext {
  const { data, vertices } = faceRegion(model.data);
  const place = new Map(Array.from(vertices, (v, k) => [v, k]));
  return {
    model,
    region: new MorphableModel(data),
    regionVertices: tensor(Int32Array.from(vertices)),
    regionIds: vertices,
    areas: faceAreas(data),
    mask: columnOf(model.data.mask),
    landmarks: Int32Array.from(landmarkVertices),
    regionLandmarks: Int32Array.from(landmarkVertices, (v) => place.get(v)!),
  };
}
