import { ChiaroError } from './errors.js';
import type { Node } from './graph/node.js';
import { scalarNode } from './ops/apply.js';
import { activeTrace } from './runtime/trace.js';

/** Position of a generator, for checkpoints. */
export interface GeneratorState {
  readonly seed: number;
  readonly counter: number;
}

/** Counter and key words of one draw, as scalar nodes. */
export interface Draw {
  readonly counter: [Node, Node];
  readonly key: [Node, Node];
}

/** Lets a function that is run again draw the same numbers: `checkpoint` of packages/autograd records and replays. */
export const drawTape: { recorded: Draw[] | undefined; replayed: Draw[] | undefined } = {
  recorded: undefined,
  replayed: undefined,
};

/**
 * A source of random numbers: a seed and a counter. Every draw takes the next counter value; element i of a draw is
 * Philox 4x32-10 (Salmon et al. 2011) of (i, counter) under the seed, so equal seeds give equal numbers on every
 * adapter. Inside a compiled function the counter is state: replays draw new numbers.
 */
export class Generator {
  #seed: number;
  #counter = 0;

  /** @param seed a whole number from 0 to 2^53 - 1. */
  constructor(seed = 0) {
    this.#seed = whole('seed', seed);
  }

  get seed(): number {
    return this.#seed;
  }

  /** The seed and how many draws were made. */
  get state(): GeneratorState {
    return { seed: this.#seed, counter: this.#counter };
  }

  set state({ seed, counter }: GeneratorState) {
    [this.#seed, this.#counter] = [whole('seed', seed), whole('counter', counter)];
  }

  /** @internal Takes `count` draws; gives the counter of the first. */
  take(count: number): number {
    const first = this.#counter;
    this.#counter += count;
    return first;
  }

  /** @internal Counter and key words of the next draw, as scalar nodes. */
  draw(): Draw {
    const known = drawTape.replayed?.shift();
    if (known) return known;
    const draw = this.#draw();
    drawTape.recorded?.push(draw);
    return draw;
  }

  #draw(): Draw {
    const word = (value: number, index: 0 | 1): Node => scalarNode(wordOf(value, index), 'uint32');
    const trace = activeTrace();
    if (trace) return trace.draw(this);
    const first = this.take(1);
    return { counter: [word(first, 0), word(first, 1)], key: [word(this.#seed, 0), word(this.#seed, 1)] };
  }
}

function whole(what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ChiaroError(`Generator: the ${what} must be a whole number from 0 to 2^53 - 1, got ${value}`);
}

/** Low or high 32 bits of a whole number. */
export const wordOf = (value: number, index: 0 | 1): number =>
  index === 0 ? value % 2 ** 32 : Math.floor(value / 2 ** 32);

/**
 * The generator of random operations that are not given one, seeded with 0. It stays the same object: `manualSeed` and
 * `loadState` change its position, so code and compiled functions that hold it see the change.
 *
 * @example const saved = await saveState([weights, defaultGenerator]); // a checkpoint from which the draws go on
 */
export const defaultGenerator = new Generator(0);

/**
 * Seeds the default generator and starts it from its first draw.
 * @param seed a whole number from 0 to 2^53 - 1.
 */
export function manualSeed(seed: number): Generator {
  defaultGenerator.state = { seed, counter: 0 };
  return defaultGenerator;
}
