import { ChiaroError } from '../../engine.js';
import type { Dataset } from '../loader.js';
import type { Reply, Request, StartWorker, WorkerPort } from './protocol.js';

/** Options of `openWorkerDataset`. */
export interface WorkerDatasetOptions {
  /** Where the module is that exports `dataset(options)`: an absolute URL, `new URL('./faces.js', import.meta.url)`. */
  readonly module: URL | string;
  /** Given to `dataset` in every worker; must be what `postMessage` can copy. */
  readonly options?: unknown;
  /** How many workers make items: 2. */
  readonly workers?: number;
  /** Items that one worker makes at a time, while it waits for files, say: 2. More than that wait for their turn here. */
  readonly itemsAtOnce?: number;
  /** Ends the workers; items that were asked for reject with its reason. */
  readonly signal?: AbortSignal;
}

interface Asked {
  readonly request: Request;
  readonly resolve: (reply: Exclude<Reply, { kind: 'failed' }>) => void;
  readonly reject: (reason: unknown) => void;
}

const describe = (request: Request): string => (request.kind === 'open' ? 'open' : `make item ${request.index}`);

/** A worker and what it was asked and has not answered. */
class Hand {
  readonly asked = new Map<number, Asked>();
  readonly #port: WorkerPort;

  constructor(
    start: StartWorker,
    private readonly module: string,
    private readonly free: () => void,
    died: (error: ChiaroError) => void,
  ) {
    this.#port = start({
      reply: (reply) => this.#answered(reply),
      died: (why) => {
        const tasks = [...this.asked.values()].map(({ request }) => describe(request));
        const what = tasks.length > 0 ? ` when it was asked to ${tasks.join(', ')}` : '';
        died(new ChiaroError(`WorkerDataset: a worker of ${module} ended${what}: ${why}`));
      },
    });
  }

  ask(asked: Asked): void {
    this.asked.set(asked.request.id, asked);
    this.#port.hold(true);
    try {
      this.#port.post(asked.request);
    } catch (cause) {
      this.#done(asked.request.id);
      asked.reject(new ChiaroError(`WorkerDataset: options cannot be sent to a worker: ${String(cause)}`, { cause }));
    }
  }

  close(reason: unknown): void {
    this.#port.close();
    for (const { reject } of this.asked.values()) reject(reason);
    this.asked.clear();
  }

  #answered(reply: Reply): void {
    const asked = this.asked.get(reply.id);
    if (!asked) return; // it was closed meanwhile
    this.#done(reply.id);
    if (reply.kind !== 'failed') asked.resolve(reply);
    else {
      const cause = Object.assign(new Error(reply.message), reply.stack === undefined ? {} : { stack: reply.stack });
      const task = describe(asked.request);
      asked.reject(new ChiaroError(`WorkerDataset: ${this.module} could not ${task}: ${reply.message}`, { cause }));
    }
    this.free();
  }

  #done(id: number): void {
    this.asked.delete(id);
    this.#port.hold(this.asked.size > 0);
  }
}

/**
 * A dataset whose items are made in workers, for a `DataLoader` like any other: batches, their order and a resumed epoch are
 * the same for any number of workers, as items depend on their number and the epoch alone. How far workers run ahead is
 * bounded by `ahead` of the loader. What an item throws arrives with the item's number; a worker that ends by itself ends the
 * dataset, since what it did not finish would be missing.
 */
export class WorkerDataset<Item> implements Dataset<Item> {
  readonly #hands: Hand[] = [];
  readonly #waiting: Asked[] = [];
  readonly #itemsAtOnce: number;
  readonly #signal: AbortSignal | undefined;
  readonly #aborted = (): void => this.#end(this.#signal!.reason);
  #length = 0;
  #ids = 0;
  #ended: { readonly reason: unknown } | undefined;

  private constructor({ itemsAtOnce = 2, signal }: WorkerDatasetOptions) {
    this.#itemsAtOnce = itemsAtOnce;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted, { once: true });
  }

  /** @internal Starts workers that `start` knows how to start. */
  static async open<Item>(start: StartWorker, how: WorkerDatasetOptions): Promise<WorkerDataset<Item>> {
    const { workers = 2, itemsAtOnce = 2, signal } = how;
    for (const [name, count] of Object.entries({ workers, itemsAtOnce })) {
      if (!(Number.isInteger(count) && count >= 1)) {
        throw new ChiaroError(`openWorkerDataset: ${name} must be a whole number of 1 or more, got ${count}`);
      }
    }
    if (!URL.canParse(String(how.module))) {
      throw new ChiaroError(
        `openWorkerDataset: module must be an absolute URL, such as new URL('./faces.js', import.meta.url); got ${how.module}`,
      );
    }
    signal?.throwIfAborted();
    const dataset = new WorkerDataset<Item>(how);
    try {
      await dataset.#start(start, workers, { module: String(how.module), options: how.options });
      return dataset;
    } catch (error) {
      dataset.#end(error);
      throw error;
    }
  }

  async #start(start: StartWorker, count: number, what: { module: string; options: unknown }): Promise<void> {
    const died = (error: ChiaroError): void => this.#end(error);
    const opened = Array.from({ length: count }, () => {
      const hand = new Hand(start, what.module, () => this.#deal(), died);
      this.#hands.push(hand);
      return new Promise<Reply>((resolve, reject) =>
        hand.ask({ request: { kind: 'open', id: this.#ids++, ...what }, resolve, reject }),
      );
    });
    const lengths = (await Promise.all(opened)).map((reply) => (reply as Extract<Reply, { kind: 'opened' }>).length);
    if (new Set(lengths).size > 1) {
      throw new ChiaroError(`openWorkerDataset: workers of ${what.module} see ${lengths.join(', ')} items`);
    }
    this.#length = lengths[0]!;
  }

  get length(): number {
    return this.#length;
  }

  /** Asks a worker for an item. */
  async item(index: number, epoch: number): Promise<Item> {
    if (this.#ended) throw this.#ended.reason;
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#waiting.push({ request: { kind: 'item', id: this.#ids++, index, epoch }, resolve, reject });
      this.#deal();
    });
    return (reply as Extract<Reply, { kind: 'item' }>).item as Item;
  }

  /** Ends the workers. Items that were asked for and have not come reject; doing it again does nothing. */
  close(): void {
    this.#end(new ChiaroError('WorkerDataset: it was closed'));
  }

  /** Gives what waits to the workers that have the least to do. */
  #deal(): void {
    while (this.#waiting.length > 0) {
      const hand = this.#hands.reduce((a, b) => (b.asked.size < a.asked.size ? b : a));
      if (hand.asked.size >= this.#itemsAtOnce) return;
      hand.ask(this.#waiting.shift()!);
    }
  }

  #end(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = { reason };
    this.#signal?.removeEventListener('abort', this.#aborted);
    for (const hand of this.#hands) hand.close(reason);
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }
}
