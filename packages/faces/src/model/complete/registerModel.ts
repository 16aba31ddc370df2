import { solveSymmetric } from '../../fit/pose/cholesky.js';
import { fitSimilarity, applySimilarity } from '../../geometry/similarity.js';
import type { Similarity } from '../../geometry/similarity.js';
import type { SurfaceTree } from '../../geometry/surfaceTree.js';
import type { FaceModelData } from '../faceModelData.js';

/** A model laid onto another surface. */
export interface Registration {
  /** [V * 3] its vertices there, in the frame of the surface. */
  readonly positions: Float64Array;
  /** From the model's frame to the surface's. */
  readonly similarity: Similarity;
}

/** Points that are compared in each step. */
const mostPoints = 700;
/** Modes of identity that bend the model, and from which step on. */
const [modeCount, firstBend] = [40, 10];
const steps = 30;
/** Deviation of a point from its partner that weighs as much as one deviation of a mode, mm. */
const deviation = 2;
/** Partners farther apart than this many medians, and than this many mm, are not partners. */
const [medians, alwaysNear] = [2.5, 3];
/** Sizes of heads lie within this range. */
const scaleRange = [0.7, 1.4] as const;

/**
 * Lays a face model's mean onto a surface: by landmarks, or the tip of the nose (the foremost point) where there are none,
 * then by iterated closest points (Besl and McKay 1992) with a similarity, and the model's first modes of identity by
 * regularized least squares. A correspondence of some millimetres, less on the face's features.
 * @param landmarks [68 * 3] on the surface.
 */
export function registerModel(
  { positions, identity, mask, landmarks }: FaceModelData,
  surface: SurfaceTree,
  target: ArrayLike<number>,
  landmarkTargets?: ArrayLike<number>,
): Registration {
  const size = positions.length;
  const face = Array.from(mask.keys()).filter((v) => mask[v] > 0.5);
  const stride = Math.max(1, Math.ceil(face.length / mostPoints));
  const ids = face.filter((_, k) => k % stride === 0);
  const modes = Math.min(modeCount, identity.length / size);
  const weights = new Float64Array(modes);
  const shaped = (vertices: readonly number[]): Float64Array =>
    Float64Array.from({ length: 3 * vertices.length }, (_, k) => {
      const at = 3 * vertices[Math.floor(k / 3)] + (k % 3);
      return weights.reduce((sum, w, m) => sum + w * identity[m * size + at], positions[at]);
    });
  const landmarkIds = Array.from(landmarks);
  let similarity: Similarity;
  if (landmarkTargets) similarity = bounded(fitSimilarity(shaped(landmarkIds), landmarkTargets));
  else {
    const nose = shaped([landmarks[30]]);
    let foremost = 0;
    for (let k = 0; k < target.length; k += 3) if (target[k + 2] > target[foremost + 2]) foremost = k;
    const off = (axis: number): number => target[foremost + axis] - nose[axis];
    similarity = { scale: 1, rotation: identityRotation(), translation: [off(0), off(1), off(2)] };
  }
  for (let step = 0; step < steps; step++) {
    const { from, to, rows } = pairs(surface, shaped(ids), similarity);
    similarity = bounded(fitSimilarity(from, to));
    if (step < firstBend || modes === 0) continue;
    bend(
      weights,
      { identity, positions, size },
      rows.map((row) => ids[row]),
      unmoved(to, similarity),
    );
  }
  return { positions: applySimilarity(shaped(Array.from(mask.keys())), similarity), similarity };
}

const identityRotation = (): Float64Array => Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]);

/** A scale that a head may have; a surface of a few triangles could ask for any. */
function bounded({ scale, rotation, translation }: Similarity): Similarity {
  const [low, high] = scaleRange;
  return { scale: Math.min(high, Math.max(low, scale)), rotation, translation };
}

/** Points of the model and their nearest ones on the surface, without those that are too far. */
function pairs(
  surface: SurfaceTree,
  points: Float64Array,
  similarity: Similarity,
): { readonly from: number[]; readonly to: number[]; readonly rows: number[] } {
  const placed = applySimilarity(points, similarity);
  const hits = Array.from({ length: points.length / 3 }, (_, k) =>
    surface.closest([placed[3 * k], placed[3 * k + 1], placed[3 * k + 2]]),
  );
  const median = hits.map(({ distance }) => distance).sort((a, b) => a - b)[hits.length >> 1];
  const most = Math.max(alwaysNear, medians * median);
  const rows = Array.from(hits.keys()).filter((k) => hits[k].distance <= most);
  return {
    rows,
    from: rows.flatMap((k) => [points[3 * k], points[3 * k + 1], points[3 * k + 2]]),
    to: rows.flatMap((k) => surface.at(hits[k])),
  };
}

/** Points in the frame before a similarity. */
function unmoved(points: readonly number[], { scale, rotation, translation }: Similarity): Float64Array {
  return Float64Array.from(points, (_, k) => {
    const at = k - (k % 3);
    const column = k % 3;
    return [0, 1, 2].reduce((sum, i) => sum + rotation[3 * i + column] * (points[at + i] - translation[i]), 0) / scale;
  });
}

/** Weights of the modes that bring vertices nearest to their targets. */
function bend(
  weights: Float64Array,
  { identity, positions, size }: { identity: Float32Array; positions: Float32Array; size: number },
  vertices: readonly number[],
  targets: Float64Array,
): void {
  const n = weights.length;
  const matrix = new Float64Array(n * n);
  const right = new Float64Array(n);
  const row = new Float64Array(n);
  targets.forEach((target, k) => {
    const at = 3 * vertices[Math.floor(k / 3)] + (k % 3);
    for (let m = 0; m < n; m++) row[m] = identity[m * size + at];
    for (let i = 0; i < n; i++) {
      right[i] += row[i] * (target - positions[at]);
      for (let j = 0; j <= i; j++) matrix[i * n + j] += row[i] * row[j];
    }
  });
  // a point in three is worth its deviation: neighbours are not independent
  const prior = deviation ** 2 * Math.max(1, vertices.length / 100);
  for (let i = 0; i < n; i++) matrix[i * n + i] += prior;
  weights.set(solveSymmetric(matrix, right));
}
