import {
  defaultGenerator,
  gridSample,
  sameShape,
  ShapeError,
  showShape,
  type Generator,
  type GridSampleOptions,
  type Shape,
  type Tensor,
} from '../../engine.js';
import { numbersFrom, type Augmentation, type Frame } from './augmentation.js';
import { compose, movePoints, pixelPlaces, type Placement } from './placement.js';

/** Options of `Augmenter`. */
export interface AugmenterOptions {
  /** Where the numbers come from: the default generator. Put it into a `Trainer`'s state, so that a resumed run repeats. */
  readonly generator?: Generator;
  /** What stands around images: `zeros`. See `gridSample`. */
  readonly padding?: GridSampleOptions['padding'];
  /** Values of changed images are brought into this range, [low, high]; nothing is unless it is given. */
  readonly range?: readonly [low: number, high: number];
}

/** How targets are looked up; see `gridSample`. */
export type TargetOptions = Pick<GridSampleOptions, 'mode' | 'padding'>;

/**
 * Random changes of training images on the GPU, other ones for every image and every call. What moves pixels becomes a single
 * lookup, however many of it are given, and comes before what changes values, in the order of the list. Draws are tensors
 * from a `Generator`, so a compiled step draws anew in every call and a resumed run repeats.
 *
 * @example
 * const noise = new Generator(1);
 * const augmenter = new Augmenter([randomFlip(), randomAffine({ degrees: [-10, 10], scale: [0.9, 1.1] }),
 *   randomColour({ brightness: [0.8, 1.2], hue: [-10, 10] })], { generator: noise });
 * // in a step: one draw for a picture, its mask and its landmarks
 * const drawn = augmenter.draw(images.shape);
 * const loss = difference(net.forward(drawn.images(images)), drawn.targets(masks), drawn.points(landmarks));
 */
export class Augmenter {
  readonly #generator: Generator;

  constructor(
    readonly augmentations: readonly Augmentation[],
    private readonly options: AugmenterOptions = {},
  ) {
    this.#generator = options.generator ?? defaultGenerator;
  }

  /**
   * Draws the changes of a batch.
   * @param shape of its images, [B, C, H, W].
   * @throws ShapeError for another rank, and for images that an augmentation cannot change.
   */
  draw(shape: Shape): DrawnAugmentation {
    if (shape.length !== 4) throw new ShapeError(`Augmenter: takes images [B, C, H, W], got ${showShape(shape)}`);
    const [count, channels, height, width] = shape as [number, number, number, number];
    const generator = this.#generator;
    let frame: Frame = { count, channels, height, width, generator, next: numbersFrom(generator, count) };
    let placement: Placement | undefined;
    for (const augmentation of this.augmentations) {
      if (augmentation.kind !== 'place') continue;
      const move = augmentation.draw(frame);
      placement = placement ? compose(placement, move.placement) : move.placement;
      frame = { ...frame, height: move.height, width: move.width };
    }
    // these see the size of the result
    const changes = this.augmentations.flatMap((a) => (a.kind === 'value' ? [a.draw(frame)] : []));
    return new DrawnAugmentation(shape, frame, placement, changes, this.options);
  }
}

/** Changes that have been drawn for a batch: all that is given to them changes alike. */
export class DrawnAugmentation {
  /** @internal Made by `Augmenter`. */
  constructor(
    private readonly shape: Shape,
    private readonly frame: Frame,
    private readonly placement: Placement | undefined,
    private readonly changes: readonly ((images: Tensor) => Tensor)[],
    private readonly options: AugmenterOptions,
  ) {}

  /**
   * Images [B, C, H, W] moved, looked up between pixels, and changed in value: [B, C, H', W'], float32.
   * @throws ShapeError for another shape than that of the draw.
   */
  images(images: Tensor): Tensor {
    if (!sameShape(images.shape, this.shape)) {
      throw new ShapeError(`Augmenter: drawn for images ${showShape(this.shape)}, got ${showShape(images.shape)}`);
    }
    const moved = this.#moved(images.to('float32'), { padding: this.options.padding });
    const changed = this.changes.reduce((x, change) => change(x), moved);
    const { range } = this.options;
    return range ? changed.clamp(range[0], range[1]) : changed;
  }

  /**
   * Targets of any number of channels, such as masks, depths or classes, [B, K, H, W] -> [B, K, H', W'] of the same dtype:
   * moved as the images are, their values left alone. The nearest pixel is taken unless `mode` is `bilinear`.
   * @throws ShapeError for other sizes than those of the images.
   */
  targets(targets: Tensor, { mode = 'nearest', padding = this.options.padding }: TargetOptions = {}): Tensor {
    const [B, , H, W] = this.shape;
    const { shape } = targets;
    if (targets.rank !== 4 || shape[0] !== B || shape[2] !== H || shape[3] !== W) {
      throw new ShapeError(`Augmenter: targets must be [${B}, K, ${H}, ${W}], got ${showShape(shape)}`);
    }
    return this.#moved(targets.to('float32'), { mode, padding }).to(targets.dtype);
  }

  /**
   * Points of the images [B, N, 2] where they are afterwards: x right and y down, in pixels from the top left corner (the
   * first pixel's centre is (0.5, 0.5)). They may come to lie outside, and a mirrored left eye is still called the left one.
   * @throws ShapeError for another shape.
   */
  points(points: Tensor): Tensor {
    const [B] = this.shape;
    if (points.rank !== 3 || points.shape[0] !== B || points.shape[2] !== 2) {
      throw new ShapeError(`Augmenter: points must be [${B}, N, 2], got ${showShape(points.shape)}`);
    }
    return this.placement ? movePoints(this.placement, points) : points;
  }

  #moved(images: Tensor, options: GridSampleOptions): Tensor {
    if (!this.placement) return images;
    const { count, height, width } = this.frame;
    const places = pixelPlaces(this.placement, count, height, width);
    return gridSample(images, places, { ...options, units: 'pixels' });
  }
}
