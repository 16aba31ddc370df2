import type { GPUStorage } from '../device/gpu/gpuDevice.js';
import { GPUTensorDevice } from '../device/gpu/gpuDevice.js';
import { ChiaroError, ShapeError } from '../errors.js';
import { storageOf } from '../graph/source.js';
import { live, type Tensor } from '../tensor.js';
import { settleCapacities } from '../program/capacity.js';
import { reportKernels } from './debug.js';
import { acquireDevice, onDevice } from './devices.js';
import { realizeNodes } from './realize.js';

/** Values of a tensor over the steps of a loop, arriving some steps late. */
export class Series {
  readonly #values: number[] = [];
  #asked = 0;
  #failure: unknown;
  #waiting: (() => void)[] = [];

  /** Values that have arrived, in order of the calls. */
  get values(): readonly number[] {
    return this.#values;
  }

  /** The last value that has arrived. */
  get latest(): number | undefined {
    return this.#values[this.#values.length - 1];
  }

  /** Waits until everything tracked so far has arrived; gives all values. */
  async all(): Promise<readonly number[]> {
    const wanted = this.#asked;
    if (this.#values.length < wanted) await acquireDevice(); // nothing else may have asked for it yet
    while (this.#values.length < wanted && this.#failure === undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#values;
  }

  /** @internal */
  expect(value: Promise<number>): void {
    const index = this.#asked++;
    value
      .then(
        (v) => (this.#values[index] = v),
        (reason: unknown) => (this.#failure ??= reason),
      )
      .finally(() => {
        const waiting = this.#waiting;
        this.#waiting = [];
        waiting.forEach((resolve) => resolve());
      })
      .catch(() => undefined);
  }
}

const series = new Map<string, Series>();

/**
 * Reads a one-element tensor without waiting for it: the value is copied out when the GPU gets there and joins a
 * series. Loops that `await loss.item()` in every step stall the GPU; loops that track do not.
 *
 * @example
 * for (let i = 0; i < 200; i++) track('loss', step());
 * const losses = await tracked('loss').all();
 */
export function track(name: string, value: Tensor): Series {
  if (value.size !== 1) throw new ShapeError(`track: takes tensors of one element, got ${value.toString()}`);
  let target = series.get(name);
  if (!target) series.set(name, (target = new Series()));
  const node = live(value, 'track');
  node.retain();
  target.expect(
    new Promise<number>((resolve, reject) => {
      onDevice((device) => {
        if (!(device instanceof GPUTensorDevice)) return reject(new ChiaroError('track: needs a GPU device'));
        realizeNodes([node], device);
        const read = async (): Promise<number> => {
          await settleCapacities(device);
          const [v = NaN] = await device.peek(storageOf(node) as GPUStorage, node.dtype, 1);
          await device.errors.check();
          await reportKernels();
          return v;
        };
        read()
          .then(resolve, reject)
          .finally(() => node.release())
          .catch(() => undefined);
      });
    }),
  );
  return target;
}

/** The series of a name; empty if nothing was tracked under it. */
export function tracked(name: string): Series {
  let target = series.get(name);
  if (!target) series.set(name, (target = new Series()));
  return target;
}

/** Forgets a series, or all of them. */
export function clearTracked(name?: string): void {
  if (name === undefined) series.clear();
  else series.delete(name);
}
