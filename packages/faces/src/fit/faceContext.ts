import { MorphableModel } from '../model/index.js';
import { faceAreas, faceRegion } from '../scene/faceRegion.js';
import { columnOf } from '../scene/surfaceImage.js';
import { renumberPoints } from '../model/surfacePoints.js';
import type { SurfacePoints } from '../model/index.js';
import { tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/** A model with what a fit needs of it besides: its face proper as a model of its own, and where its landmarks lie. */
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
  /** The 68 landmarks in the region, and in the whole model. */
  readonly regionLandmarks: SurfacePoints;
  readonly landmarks: SurfacePoints;
}

/** @param landmarks where the 68 landmarks were found, in the whole model. */
export function faceContext(model: MorphableModel, landmarks: SurfacePoints): FaceContext {
  const { data, vertices } = faceRegion(model.data);
  const place = new Map(Array.from(vertices, (v, k) => [v, k]));
  return {
    model,
    region: new MorphableModel(data),
    regionVertices: tensor(Int32Array.from(vertices)),
    regionIds: vertices,
    areas: faceAreas(data),
    mask: columnOf(model.data.mask),
    landmarks,
    regionLandmarks: renumberPoints(landmarks, (v) => place.get(v)!),
  };
}
