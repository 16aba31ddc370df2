import type { FaceModelData } from '../../model/faceModelData.js';
import type { LandmarkModel } from './landmarkModel.js';

/** The vertices of a face model that its landmarks may lie on, and their modes: what `solveLandmarks` takes. */
export interface ModelPoints extends LandmarkModel {
  /** The vertex of each point. */
  readonly vertices: readonly number[];
}

/**
 * Picks the landmarks' vertices, and the lines along which those of the jaw slide, out of a face model.
 *
 * @param identityCount modes to take: the first ones are the largest.
 */
export function modelPoints(data: FaceModelData, identityCount: number): ModelPoints {
  const vertices: number[] = [];
  const place = new Map<number, number>();
  const point = (vertex: number): number => {
    let index = place.get(vertex);
    if (index === undefined) {
      index = vertices.push(vertex) - 1;
      place.set(vertex, index);
    }
    return index;
  };
  const candidates = Array.from(data.landmarks, (vertex, k) => {
    // the model's own vertex first: poses start from it
    const line = k < data.contours.length ? [...data.contours[k]].filter((v) => v !== vertex) : [];
    return [vertex, ...line].map(point);
  });
  const numbers = data.positions.length;
  const pick = (from: Float32Array, offset: number): Float64Array =>
    Float64Array.from(vertices.flatMap((v) => [0, 1, 2].map((c) => from[offset + 3 * v + c])));
  const modes = (from: Float32Array, count: number): Float64Array[] =>
    Array.from({ length: count }, (_, k) => pick(from, k * numbers));
  return {
    vertices,
    mean: pick(data.positions, 0),
    identity: modes(data.identity, Math.min(identityCount, data.identity.length / numbers)),
    expression: modes(data.blendshapes, data.blendshapeNames.length),
    candidates,
  };
}
