import type { KeptFace } from './faceMaps.js';

/** A frame of a video as the networks see it: S x S pixels cut out by its landmarks. */
export interface VideoFrame {
  readonly size: number;
  /** [S * S * 3] linear RGB in 0..1. */
  readonly image: ArrayLike<number>;
  /** [S * S] 1 on the face, as landmarks tell. */
  readonly mask: ArrayLike<number>;
  /** [68 * 2] in pixels. */
  readonly landmarks: ArrayLike<number>;
}

/** Frames of one person, in order. */
export type VideoClip = readonly VideoFrame[];

/** How far the forehead reaches above the brows, in parts of the way from the chin to the bridge of the nose. */
const forehead = 0.45;

/** [size * size] 1 on a face as landmarks [68 * 2] bound it: the jaw, and a forehead above the brows. */
export function landmarkMask(landmarks: ArrayLike<number>, size: number): Uint8Array {
  const place = (k: number): [number, number] => [landmarks[2 * k], landmarks[2 * k + 1]];
  const [chin, bridge] = [place(8), place(27)];
  const up = [0, 1].map((c) => forehead * (bridge[c] - chin[c]));
  const outline = [
    ...Array.from({ length: 17 }, (_, k) => place(k)),
    ...Array.from({ length: 10 }, (_, k) => place(26 - k)).map(([x, y]) => [x + up[0], y + up[1]]),
  ];
  return Uint8Array.from({ length: size * size }, (_, pixel) => {
    const [x, y] = [(pixel % size) + 0.5, Math.floor(pixel / size) + 0.5];
    let inside = false;
    outline.forEach(([xi, yi], i) => {
      const [xj, yj] = outline[(i + outline.length - 1) % outline.length];
      if (yi > y !== yj > y && x < xi + ((xj - xi) * (y - yi)) / (yj - yi)) inside = !inside;
    });
    return Number(inside);
  });
}

/** The clips of a rendered stand-in, with no more than what can be seen: its truth stays behind. */
export function clipsOf(faces: readonly KeptFace[]): VideoClip[] {
  const clips: VideoFrame[][] = [];
  for (const face of faces) {
    const { size, image, landmarks } = face.maps;
    const clip = (clips[face.labels['clip']] ??= []);
    clip.push({ size, image, landmarks, mask: landmarkMask(landmarks, size) });
  }
  return clips;
}

/**
 * How much two faces differ in pose and expression: the root mean square distance of their landmarks in parts of the
 * picture's side, as they lie in the squares that are cut out by them.
 */
export function poseDistance(a: ArrayLike<number>, b: ArrayLike<number>, size: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum / (a.length / 2)) / size;
}
