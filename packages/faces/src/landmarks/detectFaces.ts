import { ChiaroError, noGrad, type Tensor } from '../engine.js';
import { intersectionOverUnion, type Box } from './box.js';
import { cutSquares, normalised, pixelsOf } from './pixels.js';
import { tinyFaceDetector } from './weights.js';

/** A face that `detectFaces` has found. */
export interface DetectedFace extends Box {
  /** How sure the network is, from 0 to 1. */
  readonly score: number;
}

/** Options of `detectFaces`. */
export interface DetectFacesOptions {
  /** Pixels of the square that the image is brought to, a multiple of 32: 416. More finds smaller faces, and is slower. */
  readonly inputSize?: number;
  /** Faces with a lower score are left out: 0.3. */
  readonly minScore?: number;
  /** Of two faces whose intersection over union is larger, the one with the lower score is left out: 0.4. */
  readonly maxOverlap?: number;
}

const mean = [117.001, 114.697, 97.404] as const;

/** Widths and heights of the anchors, in cells. */
const anchors = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;

/**
 * Finds faces in an image, with the tiny face detector of face-api.js; its weights ship with this package.
 *
 * Works for upright faces of at least about a tenth of the image's longer side; of children and adults, frontal to
 * half profile. A rotated picture must be turned upright first.
 * @param image linear RGB, [H, W, 3] or [1, H, W, 3].
 * @returns boxes in pixels, the surest first; they may reach a little over the edges of the image.
 */
export async function detectFaces(image: Tensor, options: DetectFacesOptions = {}): Promise<DetectedFace[]> {
  const { inputSize = 416, minScore = 0.3, maxOverlap = 0.4 } = options;
  if (!Number.isInteger(inputSize / 32) || inputSize < 32) {
    throw new ChiaroError(`detectFaces: inputSize must be a multiple of 32, got ${inputSize}`);
  }
  const pixels = pixelsOf('detectFaces', image);
  const network = await tinyFaceDetector();
  const [height, width] = pixels.shape;
  const side = Math.max(height, width);
  const output = noGrad(() => {
    const square = cutSquares(pixels, [{ x: 0, y: 0, size: side }], inputSize, 'bilinear');
    return network.forward(normalised(square, mean));
  });
  const faces = facesOf(await output.data(), inputSize / 32, side, minScore);
  return withoutOverlaps(faces, maxOverlap);
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Boxes from the network's output [25, cells, cells]. */
function facesOf(output: ArrayLike<number>, cells: number, side: number, minScore: number): DetectedFace[] {
  const faces: DetectedFace[] = [];
  const cell = side / cells;
  anchors.forEach(([wide, high], a) => {
    for (let at = 0; at < cells * cells; at++) {
      const value = (k: number): number => output[(5 * a + k) * cells * cells + at];
      const score = sigmoid(value(4));
      if (!(score > minScore)) continue;
      const [width, height] = [wide * Math.exp(value(2)) * cell, high * Math.exp(value(3)) * cell];
      const x = ((at % cells) + sigmoid(value(0))) * cell - width / 2;
      const y = (Math.floor(at / cells) + sigmoid(value(1))) * cell - height / 2;
      faces.push({ x, y, width, height, score });
    }
  });
  return faces;
}

/** Of boxes that overlap, the surest only. */
function withoutOverlaps(faces: readonly DetectedFace[], maxOverlap: number): DetectedFace[] {
  const kept: DetectedFace[] = [];
  for (const face of [...faces].sort((a, b) => b.score - a.score)) {
    if (kept.every((k) => intersectionOverUnion(k, face) <= maxOverlap)) kept.push(face);
  }
  return kept;
}
