import { ChiaroError, rand, type Generator, type Tensor } from '../../engine.js';
import type { Placement } from './placement.js';

/** The images that an augmentation draws numbers for: all of one size. */
export interface Frame {
  /** B, the number of images. */
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Another number for every image, uniform in [0, 1), in every call: [B]. */
  readonly next: () => Tensor;
  /** For more numbers than one per image. */
  readonly generator: Generator;
}

/** Rows of numbers that one kernel draws. */
const rowsAtOnce = 32;

/** What `Frame.next` is: rows of tables, so that many small draws are one. */
export function numbersFrom(generator: Generator, count: number): () => Tensor {
  let table: Tensor | undefined;
  let row = 0;
  return () => {
    if (!table || row === rowsAtOnce) [table, row] = [rand([rowsAtOnce, count], { generator }), 0];
    return table.select(0, row++);
  };
}

/** Where pixels of the result lie in the images, and how large the result is. */
export interface Move {
  readonly placement: Placement;
  readonly height: number;
  readonly width: number;
}

/** Moves pixels. */
export interface PlaceAugmentation {
  readonly kind: 'place';
  /** Takes numbers from the frame, as many in every call. */
  readonly draw: (frame: Frame) => Move;
}

/** Changes values where they are. */
export interface ValueAugmentation {
  readonly kind: 'value';
  /** Takes numbers from the frame, as many in every call; gives a function of images [B, C, H, W]. */
  readonly draw: (frame: Frame) => (images: Tensor) => Tensor;
}

/** One kind of random change. */
export type Augmentation = PlaceAugmentation | ValueAugmentation;

/** From the least to the most, both included. */
export type Range = readonly [low: number, high: number];

/** Checks that low and high are numbers in order within bounds. */
export function expectRange(what: string, [low, high]: Range, [least, most]: Range = [-Infinity, Infinity]): void {
  if (Number.isFinite(low) && Number.isFinite(high) && least <= low && low <= high && high <= most) return;
  throw new ChiaroError(`${what} must be a range [low, high] within ${least} to ${most}, got [${low}, ${high}]`);
}

/** Checks a probability. */
export function expectChance(what: string, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new ChiaroError(`${what} must be a probability from 0 to 1, got ${p}`);
}

/** One number per image, [B]: uniform in a range. */
export const uniform = ({ next }: Frame, [low, high]: Range): Tensor =>
  next()
    .mul(high - low)
    .add(low);

/** 1 for the images that are chosen, each with probability p, and 0 for the others: [B]. */
export const chosen = ({ next }: Frame, p: number): Tensor => next().lt(p).to('float32');

/** One number per image [B], for arithmetic with images: [B, 1, 1, 1]. */
export const perImage = (numbers: Tensor): Tensor => numbers.reshape([-1, 1, 1, 1]);
