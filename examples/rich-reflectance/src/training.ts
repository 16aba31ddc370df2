import { join } from 'node:path';
import { Generator, stack, tensor, type Tensor } from '@chiaro/autograd';
import { baseEnergy, baseTerms, type AttributeModel, type AttributeView, type BaseTerm } from '@chiaro/faces';
import { Adam, DataLoader, Trainer } from '@chiaro/nn';
import { readJsonl, trainInFolder, type TextStream } from '@chiaro/nn/node';
import { linearOfSRGB } from '@chiaro/render';
import { rows, type Preset, type Row, type RowSettings } from './config.js';
import { attributeModel, type Experiment } from './experiment.js';
import { Encoder, loadImageNet } from './network.js';
import type { WorldFace } from './world.js';

/** Photographs and their landmarks; no labels. */
export interface PhotoBatch {
  /** [B, 3, S, S] in [-0.5, 0.5]. */
  readonly images: Tensor;
  /** [B, S, S, 3] linear RGB. */
  readonly photos: Tensor;
  /** [B, 68, 2] pixels. */
  readonly landmarks: Tensor;
}

/** A row of the table to be trained. */
export interface Job {
  readonly row: Row;
  readonly seed: number;
  /** A file of PyTorch with the weights of ImageNet to begin from. */
  readonly imageNet?: string | undefined;
  readonly stream?: TextStream | false;
  readonly signal?: AbortSignal;
}

/** Where a row is kept. */
export const rowFolder = (folder: string, row: Row, seed: number): string => join(folder, `seed-${seed}`, row);

/** Photographs as the encoder takes them and as they are compared. */
export function batchOf(faces: readonly Pick<WorldFace, 'photo' | 'landmarks'>[], size: number): PhotoBatch {
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

/** Standard deviation of landmarks, as a share of the picture's side. */
const landmarkSigma = 0.02;

/** A row's energy of vectors [B, size] of a batch: [terms], means over the batch. */
function batchEnergy(
  of: AttributeModel,
  { preset: { size, lightHeight }, camera }: Pick<Experiment, 'preset' | 'camera'>,
  { spp, depth, weights }: RowSettings,
  generator: Generator,
): (vectors: Tensor, batch: PhotoBatch) => Tensor {
  const tangents = tensor(
    Float32Array.from({ length: 136 }, (_, k) => 1 - (k % 2)),
    [68, 2],
  );
  const slide = tensor(new Float32Array(68).fill(1));
  return (vectors, { photos, landmarks }) => {
    const each = Array.from({ length: vectors.shape[0] }, (_, b) => {
      const targets = { landmarks: landmarks.select(0, b), tangents, slide, sigma: landmarkSigma * size };
      const view: AttributeView = { photo: photos.select(0, b), camera, targets };
      return baseEnergy(of, vectors.select(0, b), view, { spp, depth, lightHeight, generator }, weights);
    });
    return stack(each).mean(0);
  };
}

/** An encoder for a row. */
const makeEncoder = (preset: Preset, of: AttributeModel, seed: number): Encoder =>
  new Encoder(preset, of.layout.size, new Generator(seed));

/** A row that is trained. */
export interface Trained {
  readonly encoder: Encoder;
  readonly of: AttributeModel;
  readonly seconds: number;
  /** Each term's share of the loss of the first step, before anything is learned. */
  readonly shares: Readonly<Record<BaseTerm, number>>;
}

/** Stage I: trains E of a row on photographs alone. What an ended run has done is not done again. */
export async function trainRow(experiment: Experiment, { row, seed, imageNet, stream, signal }: Job): Promise<Trained> {
  const { preset, pool, folder } = experiment;
  const settings = rows[row];
  const of = attributeModel(experiment, settings.bands);
  const encoder = makeEncoder(preset, of, seed);
  if (imageNet !== undefined) await loadImageNet(encoder, imageNet);
  const optimizer = new Adam(encoder.parameters(), { lr: preset.rate });
  const generator = new Generator(1000 + seed);
  const energy = batchEnergy(of, experiment, settings, generator);
  const trainer = new Trainer<PhotoBatch>({
    state: { encoder, optimizer, generator },
    data: new DataLoader(
      { length: pool.length, item: (k) => pool[k] },
      { batchSize: preset.batchSize, seed, collate: (faces) => batchOf(faces, preset.size) },
    ),
    epochs: preset.epochs,
    about: { row, seed, imageNet: imageNet ?? 'none' },
    step: (batch) => {
      const terms = energy(encoder.forward(batch.images), batch);
      const loss = terms.sum();
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return { loss, ...Object.fromEntries(baseTerms.map((name, k) => [name, terms.select(0, k)])) };
    },
  });
  const title = `Rich reflectance, ${row}, seed ${seed}`;
  const place = rowFolder(folder, row, seed);
  const { seconds } = await trainInFolder(trainer, place, { title, stream, signal });
  const log = await readJsonl(join(place, 'log.jsonl'));
  const first = log.flatMap((record) => (record.kind === 'step' ? [record.values] : []))[0];
  const shares = Object.fromEntries(baseTerms.map((name) => [name, first[name] / first['loss']]));
  return { encoder, of, seconds, shares: shares as Trained['shares'] };
}
