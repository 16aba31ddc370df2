import { arange, ChiaroError, where, type Tensor } from '../../engine.js';
import {
  chosen,
  expectChance,
  expectRange,
  perImage,
  uniform,
  type Range,
  type ValueAugmentation,
} from './augmentation.js';

/** Options of `randomErase`; the defaults are those of the paper. */
export interface RandomEraseOptions {
  /** Probability that an image loses a rectangle: 0.5. */
  readonly chance?: number;
  /** Part of the image's area that it covers, uniform: [0.02, 0.4]. */
  readonly area?: Range;
  /** Height over width of the rectangle, its logarithm uniform: [0.3, 1 / 0.3]. */
  readonly ratio?: Range;
  /** What is put there: 0. */
  readonly value?: number;
}

/**
 * Covers a rectangle of each chosen image (Zhong et al. 2020, "Random Erasing Data Augmentation", algorithm 1). Where it would
 * be longer than a side it is as long as it, instead of being drawn again.
 */
export function randomErase({
  chance = 0.5,
  area = [0.02, 0.4],
  ratio = [0.3, 1 / 0.3],
  value = 0,
}: RandomEraseOptions = {}): ValueAugmentation {
  expectChance('randomErase: chance', chance);
  expectRange('randomErase: area', area, [0, 1]);
  expectRange('randomErase: ratio', ratio, [Number.MIN_VALUE, Infinity]);
  if (!Number.isFinite(value)) throw new ChiaroError(`randomErase: value must be a number, got ${value}`);
  return {
    kind: 'value',
    draw: (frame) => {
      const { height: H, width: W } = frame;
      const pixels = uniform(frame, area).mul(H * W);
      const shape = uniform(frame, [Math.log(ratio[0]), Math.log(ratio[1])]).exp();
      const hits = chosen(frame, chance);
      const span = (length: Tensor, n: number): readonly [Tensor, Tensor] => {
        const whole = length.round().clamp(0, n).mul(hits);
        const start = uniform(frame, [0, 1]).mul(whole.neg().add(n + 1)).floor(); // prettier-ignore
        return [start, start.add(whole)];
      };
      const rows = span(pixels.mul(shape).sqrt(), H);
      const columns = span(pixels.div(shape).sqrt(), W);
      const within = (at: Tensor, [from, to]: readonly [Tensor, Tensor]): Tensor =>
        at.ge(perImage(from)).logicalAnd(at.lt(perImage(to)));
      const inside = within(arange(H).to('float32').reshape([H, 1]), rows).logicalAnd(
        within(arange(W).to('float32'), columns),
      );
      return (images) => where(inside, value, images);
    },
  };
}
