import { ChiaroError } from '../engine.js';
import { shuffledOrder } from './order.js';

/** Things to learn from, by their numbers. */
export interface Dataset<Item> {
  readonly length: number;
  /** The item of a number from 0 to length - 1; may read a file, or draw augmentations from the number and the epoch. */
  item(index: number, epoch: number): Item | Promise<Item>;
}

/** Options of `DataLoader`. */
export interface DataLoaderOptions<Item, Batch> {
  readonly batchSize: number;
  /** Makes a batch of items, say one tensor of many images. */
  readonly collate: (items: Item[]) => Batch | Promise<Batch>;
  /** Whether each epoch has an order of its own: true. */
  readonly shuffle?: boolean;
  /** Orders depend on it and on the epoch, on nothing else: 0. */
  readonly seed?: number;
  /** Leaves out the last batch of an epoch where it is smaller: true, so that all batches have one shape. */
  readonly dropLast?: boolean;
  /** Batches that are made ahead while one is in use: 2. */
  readonly ahead?: number;
}

/** A batch and where it stands. */
export interface Batched<Batch> {
  readonly epoch: number;
  /** Number of the batch in its epoch. */
  readonly index: number;
  readonly batch: Batch;
}

/**
 * Batches of a dataset, in an order that a seed fixes. It keeps no state: a run that stopped goes on with
 * `batches(epoch, from)` as if it had not.
 *
 * @example
 * const loader = new DataLoader(digits, { batchSize: 64, seed: 1, collate: (items) => tensor(items) });
 * for await (const { batch } of loader.batches(epoch)) step(batch);
 */
export class DataLoader<Item, Batch> {
  readonly #options: Required<DataLoaderOptions<Item, Batch>>;

  /** @throws ChiaroError when there is not one batch. */
  constructor(
    readonly dataset: Dataset<Item>,
    options: DataLoaderOptions<Item, Batch>,
  ) {
    this.#options = { shuffle: true, seed: 0, dropLast: true, ahead: 2, ...options };
    const { batchSize, ahead } = this.#options;
    if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
      throw new ChiaroError(`DataLoader: batchSize must be a whole number of 1 or more, got ${batchSize}`);
    }
    if (!(Number.isInteger(ahead) && ahead >= 0)) {
      throw new ChiaroError(`DataLoader: ahead must be a whole number of 0 or more, got ${ahead}`);
    }
    if (this.length === 0) {
      throw new ChiaroError(
        `DataLoader: ${dataset.length} items make no batch of ${batchSize}; take smaller batches, or dropLast: false`,
      );
    }
  }

  /** Batches of an epoch. */
  get length(): number {
    const { batchSize, dropLast } = this.#options;
    return (dropLast ? Math.floor : Math.ceil)(this.dataset.length / batchSize);
  }

  /**
   * The batches of an epoch, from a number on.
   * An error of the dataset comes out where its batch would have.
   */
  async *batches(epoch = 0, from = 0): AsyncGenerator<Batched<Batch>> {
    const { batchSize, collate, shuffle, seed, ahead } = this.#options;
    const count = this.dataset.length;
    const order = shuffle ? shuffledOrder(count, seed, epoch) : Uint32Array.from({ length: count }, (_, i) => i);
    const make = async (index: number): Promise<Batched<Batch>> => {
      const places = [...order.subarray(index * batchSize, (index + 1) * batchSize)];
      const items = await Promise.all(places.map((i) => this.dataset.item(i, epoch)));
      return { epoch, index, batch: await collate(items) };
    };
    const waiting: Promise<Batched<Batch>>[] = [];
    for (let next = from; next < this.length || waiting.length > 0;) {
      while (next < this.length && waiting.length <= ahead) {
        const made = make(next++);
        made.catch(() => undefined); // it is thrown when its turn comes
        waiting.push(made);
      }
      yield await waiting.shift()!;
    }
  }
}
