import { landmarksInCrop, cropOf, landmarkMask } from './crop.js';

/** A picture on the host: rows from the top, sRGB in [0, 1]. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** [height * width * 3] */
  readonly data: ArrayLike<number>;
}

/** A photograph's face as the network sees it. */
export interface FaceCrop {
  /** [S * S * 3] sRGB bytes, black outside of the mask. */
  readonly image: Uint8Array;
  /** [S * S * 3] the same with its surroundings. */
  readonly surroundings: Uint8Array;
  /** [S * S] */
  readonly mask: Uint8Array;
  /** [68 * 2] pixels of the crop. */
  readonly landmarks: Float32Array;
}

/** Input pre-processing of section 6.1 for a photograph: cut out by its landmarks, everything but the face blackened. */
export function cropPhoto(picture: Picture, landmarks: ArrayLike<number>, size: number): FaceCrop {
  const crop = cropOf(landmarks, size);
  const placed = landmarksInCrop(landmarks, crop);
  const mask = landmarkMask(placed, size);
  // as many places per pixel as the photograph has
  const side = Math.max(1, Math.ceil(1 / crop.scale));
  const surroundings = new Uint8Array(3 * size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const sum = [0, 0, 0];
      for (let k = 0; k < side * side; k++) {
        const [u, v] = [x + ((k % side) + 0.5) / side, y + (Math.floor(k / side) + 0.5) / side];
        addAt(picture, (u - crop.x) / crop.scale - 0.5, (v - crop.y) / crop.scale - 0.5, sum);
      }
      sum.forEach((s, c) => (surroundings[3 * (y * size + x) + c] = Math.round((255 * s) / (side * side))));
    }
  }
  return { image: surroundings.map((v, i) => v * mask[Math.floor(i / 3)]), surroundings, mask, landmarks: placed };
}

/** Adds the colour at a place, bilinear; the border goes on outside. */
function addAt({ width, height, data }: Picture, x: number, y: number, sum: number[]): void {
  const clamped = (v: number, limit: number): number => Math.min(limit, Math.max(0, v));
  const [cx, cy] = [clamped(x, width - 1), clamped(y, height - 1)];
  const [x0, y0] = [Math.floor(cx), Math.floor(cy)];
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
  const [fx, fy] = [cx - x0, cy - y0];
  for (let c = 0; c < 3; c++) {
    const at = (px: number, py: number): number => data[3 * (py * width + px) + c];
    sum[c] += (1 - fy) * ((1 - fx) * at(x0, y0) + fx * at(x1, y0)) + fy * ((1 - fx) * at(x0, y1) + fx * at(x1, y1));
  }
}
