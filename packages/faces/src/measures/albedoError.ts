import { ShapeError } from '../engine.js';

/**
 * What may differ without counting: nothing, one factor for all colours (a picture does not tell a light skin in dim light
 * from a dark one in bright light), or one for each channel (nor the colour of the light).
 */
export type AlbedoGain = 'none' | 'one' | 'perChannel';

/** What counts, and what does not. */
export interface AlbedoErrorOptions {
  /** [N] pixels count where it is not 0; all by default. */
  readonly mask?: ArrayLike<number>;
  /** `none` by default. */
  readonly gain?: AlbedoGain;
  /** Factors taken from elsewhere instead, for example from the whole face when a mask is only its shadows. */
  readonly gains?: readonly [number, number, number];
}

/** Errors of an albedo. */
export interface AlbedoError {
  /** Mean |log(gain * found / truth)|: 0.1 is an albedo that is wrong by a tenth. */
  readonly log: number;
  /** Root mean square of gain * found - truth, linear RGB. */
  readonly rms: number;
  /** The factors of the three channels for `log`: those that make its mean difference of logarithms 0. */
  readonly gain: readonly [number, number, number];
  /** The factors of the three channels for `rms`, of least squares. */
  readonly linearGain: readonly [number, number, number];
}

/** Albedos below this count as this: the logarithm of black means nothing. */
const floor = 0.005;

/** log(found / truth) of one number. */
const logRatio = (found: ArrayLike<number>, truth: ArrayLike<number>, i: number): number =>
  Math.log(Math.max(found[i], floor)) - Math.log(Math.max(truth[i], floor));

/** Pixels where a mask is not 0. @throws ShapeError where the lists do not fit, or nothing counts. */
function pixelsOf(found: ArrayLike<number>, truth: ArrayLike<number>, mask?: ArrayLike<number>): number[] {
  const count = truth.length / 3;
  if (found.length !== truth.length || !Number.isInteger(count) || (mask && mask.length !== count))
    throw new ShapeError(
      `albedos must correspond: got ${found.length} and ${truth.length} numbers, ${mask?.length ?? count} in the mask`,
    );
  const pixels = Array.from({ length: count }, (_, k) => k).filter((k) => mask === undefined || mask[k] !== 0);
  if (pixels.length === 0) throw new ShapeError('no pixel counts: the mask is empty');
  return pixels;
}

/** One number from each of three channels, for all of them, or none. */
function gains(gain: AlbedoGain, ofChannels: (channels: readonly number[]) => number): [number, number, number] {
  if (gain === 'none') return [1, 1, 1];
  const one = gain === 'one' ? ofChannels([0, 1, 2]) : undefined;
  return [one ?? ofChannels([0]), one ?? ofChannels([1]), one ?? ofChannels([2])];
}

/**
 * How far an albedo is from the truth.
 * @param found [N * 3] linear RGB.
 * @param truth [N * 3] linear RGB.
 * @throws ShapeError where the lists do not fit, or nothing counts.
 */
export function albedoError(
  found: ArrayLike<number>,
  truth: ArrayLike<number>,
  { mask, gain = 'none', gains: given }: AlbedoErrorOptions = {},
): AlbedoError {
  const pixels = pixelsOf(found, truth, mask);
  const over = (channels: readonly number[], value: (i: number) => number): number =>
    pixels.reduce((sum, k) => channels.reduce((inner, c) => inner + value(3 * k + c), sum), 0);
  const all = [0, 1, 2];
  const count = 3 * pixels.length;
  const factors =
    given ??
    gains(gain, (channels) =>
      Math.exp(-over(channels, (i) => logRatio(found, truth, i)) / (channels.length * pixels.length)),
    );
  const linear =
    given ??
    gains(gain, (channels) => {
      const square = over(channels, (i) => found[i] ** 2);
      return square === 0 ? 1 : over(channels, (i) => found[i] * truth[i]) / square;
    });
  return {
    log: over(all, (i) => Math.abs(logRatio(found, truth, i) + Math.log(factors[i % 3]))) / count,
    rms: Math.sqrt(over(all, (i) => (linear[i % 3] * found[i] - truth[i]) ** 2) / count),
    gain: [factors[0], factors[1], factors[2]],
    linearGain: [linear[0], linear[1], linear[2]],
  };
}

/**
 * How much of a shadow is left in an albedo: by how much it is darker inside of a cast shadow than outside, beyond what
 * the truth is, as a mean difference of logarithms. 0 is no leak; log 2 an albedo that is half as light in the shadow;
 * negative is light painted into the shadow. No gain changes it.
 * @param found [N * 3] linear RGB.
 * @param truth [N * 3] linear RGB.
 * @param shadow [N] not 0 in the shadow.
 * @param lit [N] not 0 in the light, inside of the face too.
 * @throws ShapeError where the lists do not fit, or one of the areas is empty.
 */
export function shadowLeak(
  found: ArrayLike<number>,
  truth: ArrayLike<number>,
  shadow: ArrayLike<number>,
  lit: ArrayLike<number>,
): number {
  const mean = (mask: ArrayLike<number>): number => {
    const pixels = pixelsOf(found, truth, mask);
    return (
      pixels.reduce((sum, k) => sum + [0, 1, 2].reduce((s, c) => s + logRatio(found, truth, 3 * k + c), 0), 0) /
      (3 * pixels.length)
    );
  };
  return mean(lit) - mean(shadow);
}
