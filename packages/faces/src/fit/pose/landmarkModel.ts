/**
 * The part of a morphable model that landmarks see, in float64 on the host: a few of its vertices ("points") and their
 * modes. Millimetres in the head's frame.
 */
export interface LandmarkModel {
  /** [P * 3] positions of the points on the mean face. */
  readonly mean: Float64Array;
  /** Per identity mode [P * 3] displacements; coefficients are N(0, 1). */
  readonly identity: readonly Float64Array[];
  /** Per expression mode [P * 3] displacements; coefficients lie in [0, 1] and are small a priori. */
  readonly expression: readonly Float64Array[];
  /**
   * For each of the 68 landmarks the points that it may lie on: one, or for the contour of the jaw a line of points
   * along which it slides as the head turns.
   */
  readonly candidates: readonly (readonly number[])[];
}

/** Coefficients of a face: identity N(0, 1), and weights of expressions in [0, 1]. */
export interface LandmarkCoefficients {
  readonly identity: Float64Array;
  readonly expression: Float64Array;
}

/** Positions [P * 3] of the points for given coefficients. */
export function landmarkPositions(model: LandmarkModel, { identity, expression }: LandmarkCoefficients): Float64Array {
  const positions = Float64Array.from(model.mean);
  const add = (mode: Float64Array, weight: number): void => {
    if (weight !== 0) for (let i = 0; i < positions.length; i++) positions[i] += weight * mode[i];
  };
  model.identity.forEach((mode, k) => add(mode, identity[k]));
  model.expression.forEach((mode, k) => add(mode, expression[k]));
  return positions;
}
