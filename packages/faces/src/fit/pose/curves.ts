/** Name of a landmark curve. */
export type LandmarkCurve =
  'jaw' | 'rightBrow' | 'leftBrow' | 'noseBridge' | 'noseBase' | 'rightEye' | 'leftEye' | 'outerLips' | 'innerLips';

/** The lines that the 68 landmarks of the Multi-PIE (iBUG) markup draw: first and last point, and whether they close. */
export const landmarkCurves = {
  jaw: { from: 0, to: 16, closed: false },
  rightBrow: { from: 17, to: 21, closed: false },
  leftBrow: { from: 22, to: 26, closed: false },
  noseBridge: { from: 27, to: 30, closed: false },
  noseBase: { from: 31, to: 35, closed: false },
  rightEye: { from: 36, to: 41, closed: true },
  leftEye: { from: 42, to: 47, closed: true },
  outerLips: { from: 48, to: 59, closed: true },
  innerLips: { from: 60, to: 67, closed: true },
} as const satisfies Record<LandmarkCurve, { from: number; to: number; closed: boolean }>;

/** Number of landmarks of the jaw, the first ones. */
export const jawCount = 17;

/**
 * Unit directions [68 * 2] in which the curves run at the landmarks, from their neighbours on the curve.
 *
 * @param landmarks [68 * 2] pixels.
 */
export function curveTangents(landmarks: ArrayLike<number>): Float64Array {
  const tangents = new Float64Array(136);
  for (const { from, to, closed } of Object.values(landmarkCurves)) {
    const count = to - from + 1;
    for (let k = 0; k < count; k++) {
      const before = from + (closed ? (k + count - 1) % count : Math.max(k - 1, 0));
      const after = from + (closed ? (k + 1) % count : Math.min(k + 1, count - 1));
      const [dx, dy] = [0, 1].map((c) => landmarks[2 * after + c] - landmarks[2 * before + c]);
      const length = Math.hypot(dx, dy) || 1;
      tangents.set([dx / length, dy / length], 2 * (from + k));
    }
  }
  return tangents;
}

/** Distance of a point to a polyline [N * 2]. */
export function distanceToLine(x: number, y: number, line: ArrayLike<number>): number {
  let least = Infinity;
  for (let k = 0; k + 3 < line.length; k += 2) {
    const [dx, dy] = [line[k + 2] - line[k], line[k + 3] - line[k + 1]];
    const along = ((x - line[k]) * dx + (y - line[k + 1]) * dy) / (dx * dx + dy * dy || 1);
    const t = Math.min(1, Math.max(0, along));
    least = Math.min(least, Math.hypot(x - line[k] - t * dx, y - line[k + 1] - t * dy));
  }
  return least;
}
