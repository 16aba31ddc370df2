import { tensor, type Tensor } from '@chiaro/autograd';
import type { AttributeView } from '@chiaro/faces';
import { DataLoader } from '@chiaro/nn';
import { linearOfSRGB } from '@chiaro/render';
import type { Experiment, Setting } from '../experiment.js';
import type { WorldPhoto } from '../world.js';

/** Photographs and their landmarks; no labels. */
export interface PhotoBatch {
  /** [B, 3, S, S] in [-0.5, 0.5]. */
  readonly images: Tensor;
  /** [B, S, S, 3] linear RGB. */
  readonly photos: Tensor;
  /** [B, 68, 2] pixels. */
  readonly landmarks: Tensor;
}

/** Photographs as the encoder takes them and as they are compared. */
export function batchOf(faces: readonly WorldPhoto[], size: number): PhotoBatch {
  const pixels = size * size;
  const images = new Float32Array(3 * pixels * faces.length);
  const photos = new Float32Array(3 * pixels * faces.length);
  const landmarks = new Float32Array(136 * faces.length);
  faces.forEach(({ photo, landmarks: points }, b) => {
    landmarks.set(points, 136 * b);
    photo.forEach((byte, i) => {
      const [pixel, c] = [Math.floor(i / 3), i % 3];
      images[(3 * b + c) * pixels + pixel] = byte / 255 - 0.5;
      photos[3 * pixels * b + i] = linearOfSRGB(byte / 255);
    });
  });
  const count = faces.length;
  return {
    images: tensor(images, [count, 3, size, size]),
    photos: tensor(photos, [count, size, size, 3]),
    landmarks: tensor(landmarks, [count, 68, 2]),
  };
}

/** Batches of the pool's first photographs; a stage's order depends on the seed alone. */
export const photoBatches = (
  { pool, preset }: Pick<Experiment, 'pool' | 'preset'>,
  seed: number,
  { photographs, batchSize = preset.batchSize }: { readonly photographs: number; readonly batchSize?: number },
): DataLoader<WorldPhoto, PhotoBatch> =>
  new DataLoader(
    { length: Math.min(photographs, pool.length), item: (k) => pool[k] },
    { batchSize, seed, collate: (photos) => batchOf(photos, preset.size) },
  );

/** Standard deviation of landmarks, as a share of the picture's side. */
const landmarkSigma = 0.02;

/** What energies compare a face with: each photograph of a batch. */
export function viewsOf(
  { preset: { size }, camera }: Pick<Setting, 'preset' | 'camera'>,
  { photos, landmarks }: PhotoBatch,
): AttributeView[] {
  const axes = Float32Array.from({ length: 136 }, (_, k) => 1 - (k % 2));
  const [tangents, slide] = [tensor(axes, [68, 2]), tensor(new Float32Array(68).fill(1))];
  return Array.from({ length: photos.shape[0] }, (_, b) => ({
    ...{ photo: photos.select(0, b), camera },
    targets: { landmarks: landmarks.select(0, b), tangents, slide, sigma: landmarkSigma * size },
  }));
}
