import type { FaceModelData } from '../../model/faceModelData.js';
import { pickPoints, pointsAtVertices } from '../../model/surfacePoints.js';
import type { SurfacePoints } from '../../model/surfacePoints.js';
import type { LandmarkModel } from './landmarkModel.js';

/** The points of a face model that its landmarks may lie on, and their modes: what `solveLandmarks` takes. */
export interface ModelPoints extends LandmarkModel {
  /** Where each point lies on the model. */
  readonly places: SurfacePoints;
}

/**
 * Picks the landmarks' points, and the lines of vertices along which those of the jaw slide, out of a face model.
 *
 * @param identityCount modes to take: the first ones are the largest.
 */
export function modelPoints(data: FaceModelData, identityCount: number): ModelPoints {
  const found: SurfacePoints[] = [];
  const known = new Map<number, number>();
  const vertex = (v: number): number => {
    const index = known.get(v) ?? found.push(pointsAtVertices([v])) - 1;
    known.set(v, index);
    return index;
  };
  const candidates = Array.from(data.landmarks, (v, k) => {
    if (k >= data.contours.length) return [found.push(pickPoints(data.landmarkPoints, [k])) - 1];
    // the model's own vertex first: poses start from it
    return [v, ...[...data.contours[k]].filter((other) => other !== v)].map(vertex);
  });
  const places: SurfacePoints = {
    vertices: Uint32Array.from(found.flatMap(({ vertices }) => [...vertices])),
    weights: Float32Array.from(found.flatMap(({ weights }) => [...weights])),
  };
  const numbers = data.positions.length;
  const pick = (from: Float32Array, offset: number): Float64Array =>
    Float64Array.from({ length: 3 * found.length }, (_, i) => {
      const [point, c] = [3 * Math.floor(i / 3), i % 3];
      let sum = 0;
      for (let k = point; k < point + 3; k++) sum += places.weights[k] * from[offset + 3 * places.vertices[k] + c];
      return sum;
    });
  const modes = (from: Float32Array, count: number): Float64Array[] =>
    Array.from({ length: count }, (_, k) => pick(from, k * numbers));
  return {
    places,
    mean: pick(data.positions, 0),
    identity: modes(data.identity, Math.min(identityCount, data.identity.length / numbers)),
    expression: modes(data.blendshapes, data.blendshapeNames.length),
    candidates,
  };
}
