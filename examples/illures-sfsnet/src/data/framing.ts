import { landmarkPixels, type FaceScene, type MorphableModel } from '@chiaro/faces';

/** The longer side of the landmarks' box takes this share of a picture. */
const faceShare = 0.66;
/** The middle of the box lies this share of the picture below its middle, to leave room for the forehead. */
const below = 0.06;

/** A square in the pixels of a picture, which may reach over its edges; (0, 0) is the outer corner of the first pixel. */
export interface FaceSquare {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** The smallest box around landmarks [68 * 2]: its middle and its longer side. */
function boxOf(landmarks: ArrayLike<number>): { readonly middle: readonly [number, number]; readonly longer: number } {
  const [xs, ys] = [0, 1].map((c) => Array.from({ length: landmarks.length / 2 }, (_, k) => landmarks[2 * k + c]));
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return { middle: [(left + right) / 2, (top + bottom) / 2], longer: Math.max(right - left, bottom - top) };
}

/** What is cut out of a photograph for the networks: the square in which the face lies as in all pictures. */
export function squareAround(landmarks: ArrayLike<number>): FaceSquare {
  const { middle, longer } = boxOf(landmarks);
  const side = longer / faceShare;
  return { x: middle[0] - side / 2, y: middle[1] - side * (0.5 + below), side };
}

/** Landmarks [68 * 2] of a picture in the pixels of a square that is brought to size x size. */
export const landmarksInSquare = (
  landmarks: ArrayLike<number>,
  { x, y, side }: FaceSquare,
  size: number,
): Float32Array => Float32Array.from(landmarks, (p, i) => ((p - (i % 2 === 0 ? x : y)) * size) / side);

/** A picture on the host: [height * width * 3] linear RGB. */
export interface LinearPicture {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

/**
 * A square of a picture at size x size pixels, [size * size * 3]: each pixel the mean of bilinear samples, as many as the
 * picture has pixels there; the border goes on outside.
 */
export function cutSquare(picture: LinearPicture, { x, y, side }: FaceSquare, size: number): Float32Array {
  const { width, height, data } = picture;
  const scale = side / size;
  const each = Math.max(1, Math.ceil(scale));
  const cut = new Float32Array(size * size * 3);
  const clamped = (v: number, limit: number): number => Math.min(limit, Math.max(0, v));
  for (let pixel = 0; pixel < size * size; pixel++)
    for (let k = 0; k < each * each; k++) {
      const u = (pixel % size) + ((k % each) + 0.5) / each;
      const v = Math.floor(pixel / size) + (Math.floor(k / each) + 0.5) / each;
      const [px, py] = [clamped(x + u * scale - 0.5, width - 1), clamped(y + v * scale - 0.5, height - 1)];
      const [x0, y0] = [Math.floor(px), Math.floor(py)];
      const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
      const [fx, fy] = [px - x0, py - y0];
      for (let c = 0; c < 3; c++) {
        const at = (column: number, row: number): number => data[3 * (row * width + column) + c];
        const [upper, lower] = [y0, y1].map((row) => (1 - fx) * at(x0, row) + fx * at(x1, row));
        cut[3 * pixel + c] += ((1 - fy) * upper + fy * lower) / each ** 2;
      }
    }
  return cut;
}

/** A scene with its camera brought to where a tracker would crop the picture: as `squareAround` does for photographs. */
export function framedScene(model: MorphableModel, scene: FaceScene): FaceScene {
  const { middle, longer } = boxOf(landmarkPixels(model, scene));
  const [x, y, z] = scene.translation;
  // millimetres of a pixel at the head
  const pixel = -z / scene.focal;
  const focal = (scene.focal * faceShare * scene.size) / longer;
  const lowered = (below * scene.size * -z) / focal;
  return {
    ...scene,
    focal,
    translation: [x - (middle[0] - scene.size / 2) * pixel, y + (middle[1] - scene.size / 2) * pixel - lowered, z],
  };
}
