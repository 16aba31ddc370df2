/** A similarity without turn: crop pixel = scale * place + (x, y). */
export interface Crop {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** The paper's tracker has 66 of the usual 68 landmarks: without the inner corners of the mouth. */
const tracked = Array.from({ length: 68 }, (_, i) => i).filter((i) => i !== 60 && i !== 64);

/**
 * Input pre-processing, section 6.1: the box of the 66 landmarks resized uniformly to fit inside of size x size pixels, in
 * the middle. The same for photographs and for renders. @param landmarks [68 * 2], in any unit, y downwards.
 */
export function cropOf(landmarks: ArrayLike<number>, size: number): Crop {
  const [xs, ys] = [0, 1].map((c) => tracked.map((i) => landmarks[2 * i + c]));
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = size / Math.max(right - left, bottom - top);
  return { scale, x: (size - scale * (left + right)) / 2, y: (size - scale * (top + bottom)) / 2 };
}

/** Landmarks [68 * 2] in pixels of the crop. */
export const landmarksInCrop = (landmarks: ArrayLike<number>, { scale, x, y }: Crop): Float32Array =>
  Float32Array.from(landmarks, (p, i) => scale * p + (i % 2 === 0 ? x : y));

/** The face as landmarks bound it: down the jaw and back over the brows. */
export const outline = [
  ...Array.from({ length: 17 }, (_, i) => i),
  ...Array.from({ length: 10 }, (_, i) => 26 - i),
] as const;

/** The inside of the mouth: the inner lips without their corners. */
export const mouth = [61, 62, 63, 65, 66, 67] as const;

/** Whether a place lies in a polygon of landmarks: crossings of a ray to the right. */
export function isInside(x: number, y: number, polygon: readonly number[], landmarks: ArrayLike<number>): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = [landmarks[2 * polygon[i]], landmarks[2 * polygon[i] + 1]];
    const [xj, yj] = [landmarks[2 * polygon[j]], landmarks[2 * polygon[j] + 1]];
    if (yi > y !== yj > y && x < xi + ((xj - xi) * (y - yi)) / (yj - yi)) inside = !inside;
  }
  return inside;
}

/** [size * size] 1 in the face and not in the mouth, for landmarks in pixels of the crop. */
export function landmarkMask(landmarks: ArrayLike<number>, size: number): Uint8Array {
  return Uint8Array.from({ length: size * size }, (_, pixel) => {
    const [x, y] = [(pixel % size) + 0.5, Math.floor(pixel / size) + 0.5];
    return Number(isInside(x, y, outline, landmarks) && !isInside(x, y, mouth, landmarks));
  });
}
