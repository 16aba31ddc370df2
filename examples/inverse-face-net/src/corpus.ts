import { Generator, tensor, type Tensor } from '@chiaro/autograd';
import { openDataset, writeDataset } from '@chiaro/faces/node';
import { DataLoader, type Batched, type BatchSource } from '@chiaro/nn';
import type { FaceRenderer } from './model/faceRenderer.js';
import { drawParameters } from './model/sampling.js';

/** Pairs {I_i, theta_i} of section 5, on the host. */
export interface Corpus {
  /** [N * S * S * 3] sRGB bytes, black outside of the mask. */
  readonly images: Uint8Array;
  /** [N * m] */
  readonly theta: Float32Array;
}

/** Where parameters of images come from, and what they depend on. */
export interface CorpusPlan {
  readonly count: number;
  readonly settings: Readonly<Record<string, unknown>>;
  /** theta [n * m] of the images from `first` on. */
  readonly parameters: (first: number, n: number) => Promise<Float32Array>;
}

/** Images of one entry of the folder. */
const blockSize = 32;

/**
 * The corpus of a plan, from its folder: what is missing is rendered, so a killed run goes on, and all rows of a table share
 * what was rendered once.
 */
export async function corpusIn(
  folder: string,
  renderer: FaceRenderer,
  { count, settings, parameters }: CorpusPlan,
  onProgress?: (done: number, count: number) => void,
  signal?: AbortSignal,
): Promise<Corpus> {
  const { size, model } = renderer;
  const m = model.layout.size;
  const blocks = Math.ceil(count / blockSize);
  const inBlock = (block: number): number => Math.min(blockSize, count - block * blockSize);
  await writeDataset(folder, {
    ...{ count: blocks, shardSize: 16, signal },
    settings: { ...settings, count, size, parameters: m, model: model.base.data.name },
    make: async (block) => {
      const n = inBlock(block);
      const theta = await parameters(block * blockSize, n);
      const { images } = await renderer.render(theta);
      return {
        images: { type: 'U8', shape: [n, size, size, 3], data: images },
        theta: { type: 'F32', shape: [n, m], data: theta },
      };
    },
    onProgress: (done) => onProgress?.(Math.min(done * blockSize, count), count),
  });
  const dataset = await openDataset(folder);
  const corpus = { images: new Uint8Array(count * size * size * 3), theta: new Float32Array(count * m) };
  for (let block = 0; block < blocks; block++) {
    const { images, theta } = await dataset.sample(block);
    corpus.images.set(images.data as Uint8Array, block * blockSize * size * size * 3);
    corpus.theta.set(theta.data as Float32Array, block * blockSize * m);
  }
  return corpus;
}

/** The first corpus: P(theta) of section 5. */
export const priorPlan = (renderer: FaceRenderer, count: number, seed: number): CorpusPlan => ({
  count,
  settings: { kind: 'prior', seed },
  // a generator for each block, so that any of them can be made again alone
  parameters: (first, n) => drawParameters(renderer.model, n, new Generator(seed * 1e7 + first)),
});

/** A batch for training: images [B, 3, S, S] in [-0.5, 0.5], theta [B, m]. */
export interface FaceBatch {
  readonly images: Tensor;
  readonly theta: Tensor;
}

/** Images [n * S * S * 3] as the network takes them, [n, 3, S, S] in [-0.5, 0.5]. */
export function networkInput(images: Uint8Array, size: number): Tensor {
  const pixels = size * size;
  const count = images.length / (3 * pixels);
  const values = new Float32Array(images.length);
  for (let i = 0; i < count; i++)
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < pixels; p++) {
        values[(3 * i + c) * pixels + p] = images[3 * (i * pixels + p) + c] / 255 - 0.5;
      }
  return tensor(values, [count, 3, size, size]);
}

/** A number of batches of a corpus, in a new order after each pass over it, as one epoch of a `Trainer`. */
export class Iterations implements BatchSource<FaceBatch> {
  readonly #loader: DataLoader<number, FaceBatch>;

  constructor(
    { images, theta }: Corpus,
    readonly length: number,
    { size, batchSize, seed }: { readonly size: number; readonly batchSize: number; readonly seed: number },
  ) {
    const bytes = 3 * size * size;
    const count = images.length / bytes;
    const m = theta.length / count;
    this.#loader = new DataLoader(
      { length: count, item: (i) => i },
      {
        ...{ batchSize, seed },
        collate: (items) => {
          const pixels = new Uint8Array(items.length * bytes);
          const rows = new Float32Array(items.length * m);
          items.forEach((item, k) => {
            pixels.set(images.subarray(item * bytes, (item + 1) * bytes), k * bytes);
            rows.set(theta.subarray(item * m, (item + 1) * m), k * m);
          });
          return { images: networkInput(pixels, size), theta: tensor(rows, [items.length, m]) };
        },
      },
    );
  }

  async *batches(_: number, from: number): AsyncGenerator<Batched<FaceBatch>> {
    let index = from;
    while (index < this.length) {
      const pass = Math.floor(index / this.#loader.length);
      for await (const { batch } of this.#loader.batches(pass, index % this.#loader.length)) {
        yield { epoch: 0, index: index++, batch };
        if (index === this.length) return;
      }
    }
  }
}
