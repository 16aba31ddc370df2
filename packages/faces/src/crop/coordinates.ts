import type { Crop } from './crop.js';

/** (fx, fy, cx, cy) in pixels: what `pinhole` takes. */
export type Intrinsics = readonly [fx: number, fy: number, cx: number, cy: number];

/** Landmarks [N * 2] of a picture in the pixels of a crop that is brought to size x size pixels: [N * 2]. */
export function landmarksInCrop(landmarks: ArrayLike<number>, crop: Crop, size: number): Float32Array {
  const scale = [size / crop.width, size / crop.height];
  return Float32Array.from(landmarks, (p, i) => (p - (i % 2 === 0 ? crop.left : crop.top)) * scale[i % 2]);
}

/** Landmarks [N * 2] of a crop of size x size pixels in the pixels of its picture: the way back, [N * 2]. */
export function landmarksInPicture(landmarks: ArrayLike<number>, crop: Crop, size: number): Float32Array {
  const scale = [crop.width / size, crop.height / size];
  return Float32Array.from(landmarks, (p, i) => (i % 2 === 0 ? crop.left : crop.top) + p * scale[i % 2]);
}

/**
 * The camera of a picture as the camera of a crop that is brought to size x size pixels: the same rays, so pose and shape
 * of what it sees stay as they are.
 */
export function intrinsicsInCrop([fx, fy, cx, cy]: Intrinsics, crop: Crop, size: number): Intrinsics {
  const [x, y] = [size / crop.width, size / crop.height];
  return [fx * x, fy * y, (cx - crop.left) * x, (cy - crop.top) * y];
}
