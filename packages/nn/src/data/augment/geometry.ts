import { ChiaroError, minimum, ShapeError, type Tensor } from '../../engine.js';
import { chosen, expectChance, expectRange, uniform, type PlaceAugmentation, type Range } from './augmentation.js';
import { about, compose, stay, type Placement } from './placement.js';

/** Options of `randomFlip`. */
export interface RandomFlipOptions {
  /** Probability that left and right change places: 0.5. */
  readonly horizontal?: number;
  /** Probability that top and bottom do: 0. */
  readonly vertical?: number;
}

/** Mirrors images. */
export function randomFlip({ horizontal = 0.5, vertical = 0 }: RandomFlipOptions = {}): PlaceAugmentation {
  expectChance('randomFlip: horizontal', horizontal);
  expectChance('randomFlip: vertical', vertical);
  return {
    kind: 'place',
    draw: (frame) => {
      const { width, height } = frame;
      const [across, down] = [chosen(frame, horizontal), chosen(frame, vertical)];
      const placement = {
        ...stay,
        ...{ xx: across.mul(-2).add(1), x0: across.mul(width) },
        ...{ yy: down.mul(-2).add(1), y0: down.mul(height) },
      };
      return { placement, height, width };
    },
  };
}

/** Options of `randomCrop`. */
export interface RandomCropOptions {
  /** [height, width] of the result in pixels. */
  readonly size: readonly [height: number, width: number];
  /** Pixels around the images that may be in the crop: 0. */
  readonly margin?: number;
}

/**
 * A window of the images, whole pixels from the corner, all places being equally likely.
 * @throws ShapeError when drawing for images that are too small.
 */
export function randomCrop({ size, margin = 0 }: RandomCropOptions): PlaceAugmentation {
  const [height, width] = size;
  if (![height, width, margin + 1].every((n) => Number.isInteger(n) && n >= 1)) {
    throw new ChiaroError(
      `randomCrop: size must be whole numbers of 1 or more and margin of 0 or more, got ${size.join(' x ')} and ${margin}`,
    );
  }
  return {
    kind: 'place',
    draw: (frame) => {
      const room = [frame.height + 2 * margin - height, frame.width + 2 * margin - width] as const;
      if (room[0] < 0 || room[1] < 0) {
        throw new ShapeError(
          `randomCrop: images of ${frame.height} x ${frame.width} pixels with a margin of ${margin} hold no ` +
            `${height} x ${width}; take a smaller size or a larger margin`,
        );
      }
      // rand() < 1, but its product with a large number may round up to it
      const start = (n: number): Tensor => minimum(uniform(frame, [0, n + 1]).floor(), n).sub(margin);
      const [y0, x0] = [start(room[0]), start(room[1])];
      return { placement: { ...stay, x0, y0 }, height, width };
    },
  };
}

/** Options of `randomResizedCrop`; the defaults are torchvision's. */
export interface RandomResizedCropOptions {
  /** [height, width] of the result in pixels. */
  readonly size: readonly [height: number, width: number];
  /** Part of the images' area that the window covers, uniform: [0.08, 1]. */
  readonly area?: Range;
  /** Width over height of the window, its logarithm uniform: [3/4, 4/3]. */
  readonly ratio?: Range;
}

/**
 * A window of random area, shape and place, brought to one size (Szegedy et al. 2015, section 6). A window that would be
 * longer than a side is as long as it. Pixels are looked up between four neighbours: a window much larger than the result is
 * not smoothed first.
 */
export function randomResizedCrop({
  size: [height, width],
  area = [0.08, 1],
  ratio = [3 / 4, 4 / 3],
}: RandomResizedCropOptions): PlaceAugmentation {
  expectRange('randomResizedCrop: area', area, [Number.MIN_VALUE, 1]);
  expectRange('randomResizedCrop: ratio', ratio, [Number.MIN_VALUE, Infinity]);
  if (![height, width].every((n) => Number.isInteger(n) && n >= 1)) {
    throw new ChiaroError(`randomResizedCrop: size must be whole numbers of 1 or more, got ${height} x ${width}`);
  }
  return {
    kind: 'place',
    draw: (frame) => {
      const { height: H, width: W } = frame;
      const pixels = uniform(frame, area).mul(H * W);
      const shape = uniform(frame, [Math.log(ratio[0]), Math.log(ratio[1])]).exp();
      const wide = minimum(pixels.mul(shape).sqrt(), W);
      const high = minimum(pixels.div(shape).sqrt(), H);
      const x0 = uniform(frame, [0, 1]).mul(wide.neg().add(W));
      const y0 = uniform(frame, [0, 1]).mul(high.neg().add(H));
      const placement = { ...stay, xx: wide.div(width), x0, yy: high.div(height), y0 };
      return { placement, height, width };
    },
  };
}

/** Options of `randomAffine`. */
export interface RandomAffineOptions {
  /** Angle of the rotation, clockwise in the picture: [0, 0]. */
  readonly degrees?: Range;
  /** Size of what is shown over its size before, the logarithm uniform: [1, 1]. */
  readonly scale?: Range;
  /** Angle by which upright lines lean to the left at their lower end: [0, 0]. */
  readonly shear?: Range;
  /** The farthest move along each axis, as a part of width and height: 0. */
  readonly move?: number;
}

/** Rotates, scales, shears and moves images about their centre, in the order shear, rotation, move. */
export function randomAffine({
  degrees = [0, 0],
  scale = [1, 1],
  shear = [0, 0],
  move = 0,
}: RandomAffineOptions): PlaceAugmentation {
  expectRange('randomAffine: degrees', degrees);
  expectRange('randomAffine: scale', scale, [Number.MIN_VALUE, Infinity]);
  expectRange('randomAffine: shear', shear, [-89, 89]);
  expectRange('randomAffine: move', [0, move]);
  const radians = ([low, high]: Range): Range => [(low * Math.PI) / 180, (high * Math.PI) / 180];
  return {
    kind: 'place',
    draw: (frame) => {
      const { height, width } = frame;
      const angle = uniform(frame, radians(degrees));
      const smaller = uniform(frame, [-Math.log(scale[1]), -Math.log(scale[0])]).exp();
      const lean = uniform(frame, radians(shear)).tan();
      const moved = {
        ...stay,
        x0: uniform(frame, [-move * width, move * width]),
        y0: uniform(frame, [-move * height, move * height]),
      };
      const [cosine, sine] = [angle.cos().mul(smaller), angle.sin().mul(smaller)];
      // all three backwards: from places in the result to those in the images
      const turned: Placement = { ...stay, xx: cosine, xy: sine, yx: sine.neg(), yy: cosine };
      const leaning: Placement = { ...stay, xy: lean };
      const placement = about(compose(compose(leaning, turned), moved), width / 2, height / 2);
      return { placement, height, width };
    },
  };
}
