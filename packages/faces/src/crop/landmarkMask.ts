/** What landmarks take for a face. */
export interface LandmarkMaskRule {
  /** How far the forehead reaches above the brows, in parts of the way from the chin to the bridge of the nose (default 0). */
  readonly forehead?: number;
  /** Whether the inside of the mouth counts (default true). */
  readonly mouth?: boolean;
}

const placesOf = (landmarks: ArrayLike<number>, numbers: readonly number[]): number[] =>
  numbers.flatMap((k) => [landmarks[2 * k], landmarks[2 * k + 1]]);

const jaw = Array.from({ length: 17 }, (_, k) => k);
/** From the viewer's right to the left. */
const brows = Array.from({ length: 10 }, (_, k) => 26 - k);
/** The inner lips without their corners. */
const innerLips = [61, 62, 63, 65, 66, 67];

/**
 * The polygon of a face's landmarks [68 * 2]: along the jaw and back over the brows, [27 * 2].
 * @param forehead as in `LandmarkMaskRule`.
 */
export function faceOutline(
  landmarks: ArrayLike<number>,
  { forehead = 0 }: Pick<LandmarkMaskRule, 'forehead'> = {},
): number[] {
  const [chin, bridge] = [placesOf(landmarks, [8]), placesOf(landmarks, [27])];
  const up = [0, 1].map((c) => forehead * (bridge[c] - chin[c]));
  return [...placesOf(landmarks, jaw), ...placesOf(landmarks, brows).map((p, i) => p + up[i % 2])];
}

/** The polygon of the inside of a mouth by a face's landmarks [68 * 2]: [6 * 2]. */
export const mouthOutline = (landmarks: ArrayLike<number>): number[] => placesOf(landmarks, innerLips);

/** Whether a place lies in a polygon [N * 2]: crossings of a ray to the right. */
export function insidePolygon(x: number, y: number, polygon: ArrayLike<number>): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const [xi, yi, xj, yj] = [polygon[i], polygon[i + 1], polygon[j], polygon[j + 1]];
    if (yi > y !== yj > y && x < xi + ((xj - xi) * (y - yi)) / (yj - yi)) inside = !inside;
  }
  return inside;
}

/**
 * The mask of a face as its landmarks bound it: [size * size], 1 where the middle of a pixel lies in the face.
 * @param landmarks [68 * 2] pixels of the crop, see `landmarksInCrop`. @param rule a paper's, from `maskRules`.
 */
export function landmarkMask(landmarks: ArrayLike<number>, size: number, rule: LandmarkMaskRule = {}): Uint8Array {
  const face = faceOutline(landmarks, rule);
  const hole = rule.mouth === false ? mouthOutline(landmarks) : [];
  return Uint8Array.from({ length: size * size }, (_, pixel) => {
    const [x, y] = [(pixel % size) + 0.5, Math.floor(pixel / size) + 0.5];
    return Number(insidePolygon(x, y, face) && !insidePolygon(x, y, hole));
  });
}
