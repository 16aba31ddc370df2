import { concat, noGrad, ShapeError, tensor, type Tensor } from '../engine.js';
import { boxAround, type Box, type Square } from './box.js';
import type { FaceLandmarkNet } from './faceLandmarkNet.js';
import { cutSquares, normalised, pixelsOf, type Pixels, type Resampling } from './pixels.js';
import { landmarkCount, mirrorOf } from './points68.js';
import { faceLandmarkNet } from './weights.js';

const inputSize = 112;
const mean = [122.782, 117.001, 104.298] as const;

/** What the network makes of faces [B, 3, 112, 112] cut out of an image: [B, 68, 2] as parts of their size. */
const predict = (net: FaceLandmarkNet, faces: Tensor): Tensor =>
  net.forward(normalised(faces, mean)).reshape([-1, landmarkCount, 2]);

/** Places in squares, as parts of their size, in pixels of the image. */
function inImage(places: Tensor, squares: readonly Square[]): Tensor {
  const sizes = tensor(squares.map((s) => s.size)).reshape([-1, 1, 1]);
  const corners = tensor(squares.map((s) => [s.x, s.y])).unsqueeze(1);
  return places.mul(sizes).add(corners);
}

/** Landmarks [squares, 68, 2] in pixels of the image, as the network sees them in squares of the image. */
export const landmarksIn = (
  net: FaceLandmarkNet,
  pixels: Pixels,
  squares: readonly Square[],
  how: Resampling,
): Tensor => noGrad(() => inImage(predict(net, cutSquares(pixels, squares, inputSize, how)), squares));

/** The mean of what the network sees in squares and in their mirror images: [68, 2]. */
function averaged(net: FaceLandmarkNet, pixels: Pixels, squares: readonly Square[]): Tensor {
  return noGrad(() => {
    const faces = cutSquares(pixels, squares, inputSize, 'smooth');
    const places = predict(net, concat([faces, faces.flip(3)]));
    const [seen, inMirror] = [places.narrow(0, 0, squares.length), places.narrow(0, squares.length, squares.length)];
    const order = tensor(mirrorOf, { dtype: 'int32' });
    const back = inMirror
      .indexSelect(1, order)
      .mul(tensor([-1, 1]))
      .add(tensor([1, 0]));
    return inImage(seen.add(back).mul(0.5), squares).mean(0);
  });
}

/** The square around a point of a box, given by parts of its size. */
function squareIn(box: Box, partX: number, partY: number, size: number): Square {
  return { x: box.x + partX * box.width - size / 2, y: box.y + partY * box.height - size / 2, size };
}

/** Where the detector's boxes have the middle of what the landmark network was trained on. */
const middle = { x: 0.5, y: 0.4 };

/** The network's faces reach this much higher than the landmarks, as part of their height. */
const forehead = 0.24;

/** Squares around landmarks: this much larger than the face, and a little beside it, so that errors differ. */
const views = [
  { size: 1.03, x: -0.03, y: 0.03 },
  { size: 1.13, x: 0.03, y: -0.03 },
] as const;

/** The squares to look at again, from first landmarks. */
function squaresAround(landmarks: ArrayLike<number>): Square[] {
  const { x, y, width, height } = boxAround(landmarks);
  const face = { x, y: y - forehead * height, width, height: (1 + forehead) * height };
  const extent = Math.max(face.width, face.height);
  return views.map((v) => squareIn(face, 0.5 + v.x, 0.5 + v.y, v.size * extent));
}

/**
 * The 68 landmarks of a face, with the landmark network of face-api.js; its weights ship with this package.
 *
 * The network looks at the detector's box first, and then at squares around the landmarks that it found there, also in
 * a mirror; what it sees in these is averaged. The face may be turned to a half profile, and should fill at least 50
 * pixels. The landmarks of the jaw are those of the visible contour: on a turned face not the same points of the skin.
 * @param image linear RGB, [H, W, 3] or [1, H, W, 3].
 * @param box of the face, from `detectFaces`.
 * @returns x and y of each landmark in pixels of the image, in the order of iBUG 300-W (see `landmarkRanges`).
 */
export async function detectLandmarks(image: Tensor, box: Box): Promise<Float32Array> {
  const size = Math.max(box.width, box.height);
  if (!(size > 0 && [box.x, box.y, box.width, box.height].every(Number.isFinite))) {
    throw new ShapeError(
      `detectLandmarks: needs a box with a width and a height in pixels, got ${JSON.stringify(box)}`,
    );
  }
  const pixels = pixelsOf('detectLandmarks', image);
  const net = await faceLandmarkNet();
  const first = await landmarksIn(net, pixels, [squareIn(box, middle.x, middle.y, size)], 'smooth').data();
  return (await averaged(net, pixels, squaresAround(first)).data()) as Float32Array;
}
