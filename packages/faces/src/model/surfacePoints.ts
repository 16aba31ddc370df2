import { tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/** Points of a surface: each is a weighted mean of three vertices. */
export interface SurfacePoints {
  /** [N * 3] vertices. */
  readonly vertices: Uint32Array;
  /** [N * 3] their weights, which sum to 1. */
  readonly weights: Float32Array;
}

/** The points that are vertices. */
export const pointsAtVertices = (ids: ArrayLike<number>): SurfacePoints => ({
  vertices: Uint32Array.from({ length: 3 * ids.length }, (_, k) => ids[Math.floor(k / 3)]),
  weights: Float32Array.from({ length: 3 * ids.length }, (_, k) => Number(k % 3 === 0)),
});

/** Some of the points, in the order of `rows`. */
export function pickPoints({ vertices, weights }: SurfacePoints, rows: ArrayLike<number>): SurfacePoints {
  const at = (k: number): number => 3 * rows[Math.floor(k / 3)] + (k % 3);
  return {
    vertices: Uint32Array.from({ length: 3 * rows.length }, (_, k) => vertices[at(k)]),
    weights: Float32Array.from({ length: 3 * rows.length }, (_, k) => weights[at(k)]),
  };
}

/** The same points on a mesh whose vertices have other numbers. @param renumber old number -> new one. */
export const renumberPoints = (
  { vertices, weights }: SurfacePoints,
  renumber: (v: number) => number,
): SurfacePoints => ({
  vertices: vertices.map(renumber),
  weights,
});

/** Values of the vertices [K, V, C] at points, as numbers: [K, N, C]. */
export function numbersAtPoints(
  values: ArrayLike<number>,
  { count, channels }: { readonly count: number; readonly channels: number },
  { vertices, weights }: SurfacePoints,
): Float32Array {
  const [rows, own] = [weights.length / 3, values.length / count];
  const found = new Float32Array(count * rows * channels);
  for (let k = 0; k < count; k++)
    for (let i = 0; i < weights.length; i++)
      for (let c = 0; c < channels; c++)
        found[(k * rows + Math.floor(i / 3)) * channels + c] +=
          weights[i] * values[k * own + vertices[i] * channels + c];
  return found;
}

/** Points of a surface as tensors, for steps in which they change. */
export interface PointTensors {
  /** [N * 3] int32. */
  readonly vertices: Tensor;
  /** [N, 3, 1] */
  readonly weights: Tensor;
}

/** The same points as tensors. */
export const pointTensors = ({ vertices, weights }: SurfacePoints): PointTensors => ({
  vertices: tensor(Int32Array.from(vertices)),
  weights: tensor(weights, [weights.length / 3, 3, 1]),
});

/** Values of the vertices [..., V, C] at points: [..., N, C]. Differentiable in the values. */
export function valuesAtPoints(values: Tensor, points: SurfacePoints | PointTensors): Tensor {
  const { vertices, weights } =
    points.weights instanceof Float32Array ? pointTensors(points as SurfacePoints) : (points as PointTensors);
  const [channels, leading] = [values.shape.at(-1)!, values.shape.slice(0, -2)];
  return values
    .indexSelect(-2, vertices)
    .reshape([...leading, weights.shape[0], 3, channels])
    .mul(weights)
    .sum(-2);
}
