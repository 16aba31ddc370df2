import { compile, type Parameter, type Tensor } from '@chiaro/autograd';
import { Adam } from '@chiaro/nn';

/** How long, and how far at first. */
export interface Schedule {
  readonly iterations: number;
  readonly rate: number;
  /** The rate is halved after as many iterations; never if not given. */
  readonly halveEvery?: number;
}

/** What is told while something is minimised. */
export interface MinimiseOptions {
  readonly signal?: AbortSignal;
  /** After each time that the loss was read. */
  readonly onStep?: (done: number, loss: number) => void;
}

/** Iterations between two looks at the loss: more would queue up before the device. */
const lookEvery = 10;

/**
 * A loss by Adam, one compiled step for all its runs: each begins with moments of zero. The loss's arguments are what changes
 * from run to run or iteration to iteration.
 */
export class Minimiser<A extends Tensor[]> {
  readonly #adam: Adam;
  readonly #step: (...inputs: A) => Tensor;
  readonly #fresh: ReturnType<Adam['save']>;

  /** @param frozen other parameters that the loss depends on, and which stay. */
  constructor(parameters: readonly Parameter[], frozen: readonly Parameter[], loss: (...inputs: A) => Tensor) {
    this.#adam = new Adam([...parameters]);
    this.#fresh = this.#adam.save();
    this.#step = compile((...inputs: A) => {
      const value = loss(...inputs);
      value.backward();
      this.#adam.step();
      this.#adam.zeroGrad();
      for (const parameter of frozen) parameter.grad = null;
      return value.detach();
    });
  }

  /**
   * @param inputs the loss's arguments at an iteration; they are not disposed of.
   * @returns the last loss.
   */
  async run(
    { iterations, rate, halveEvery = Infinity }: Schedule,
    inputs: (iteration: number) => A,
    { signal, onStep }: MinimiseOptions = {},
  ): Promise<number> {
    this.#adam.load(await this.#fresh);
    let last = NaN;
    for (let k = 0; k < iterations; k++) {
      signal?.throwIfAborted();
      const now = rate * 0.5 ** Math.floor(k / halveEvery);
      if (this.#adam.groups[0].lr !== now) this.#adam.groups[0].lr = now;
      const loss = this.#step(...inputs(k));
      if ((k + 1) % lookEvery === 0 || k === iterations - 1) {
        last = await loss.item();
        onStep?.(k + 1, last);
      }
      loss.dispose();
    }
    return last;
  }
}
