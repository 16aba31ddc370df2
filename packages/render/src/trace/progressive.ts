import { ShapeError, tidy } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { Camera } from '../camera/index.js';
import type { PathTraced } from './film.js';
import type { Crop } from './pathTrace.js';
import { PieceRenderer } from './pieces.js';
import type { LongRenderOptions } from './pieces.js';
import type { Scene } from './scene.js';

/** Choices of `renderProgressive`. */
export interface ProgressiveOptions extends LongRenderOptions {
  /** How often the image is handed out, at most: 8 by default. */
  readonly passes?: number;
  /**
   * Ends the render when the root mean square of the image's standard error (the square root of `variance`) is at most this,
   * in units of radiance. Needs `batches` of at least 2.
   */
  readonly targetError?: number;
}

/** An image on its way. Its tensors are the receiver's. */
export interface ProgressiveImage extends PathTraced {
  /** Samples per pixel so far. */
  readonly samples: number;
  /** Root mean square of the image's standard error, where there are several batches. */
  readonly error?: number;
}

/** Pixels of a band, whose samples are taken together, at most. */
const bandPixels = 2 ** 15;

/**
 * Renders what `pathTrace` renders, without gradients, and hands the image out as it becomes less noisy. The last image is
 * that of `pathTrace` with the same options and seed, bit for bit. In between `independent` and `sobol` are spread evenly;
 * `stratified` fills its grid at the end only.
 *
 * @example
 * for await (const { image, error } of renderProgressive(scene, camera, { spp: 256, batches: 8, targetError: 0.01 })) show(image);
 * @throws ShapeError as `pathTrace`, and where passes or targetError do not fit; the signal's reason when it is aborted.
 */
export async function* renderProgressive(
  scene: Scene,
  camera: Camera,
  options: ProgressiveOptions = {},
): AsyncGenerator<ProgressiveImage, void, undefined> {
  const { passes = 8, targetError, batches = 1 } = options;
  if (!Number.isInteger(passes) || passes < 1) {
    throw new ShapeError(`renderProgressive: passes must be a whole number of at least 1, got ${passes}`);
  }
  if (targetError !== undefined && batches < 2) {
    throw new ShapeError('renderProgressive: targetError needs batches of at least 2, to tell the error by');
  }
  const whole = options.crop ?? { x: 0, y: 0, ...camera.size };
  const renderer = new PieceRenderer(scene, camera, options);
  const bands = bandsOf(whole);
  const films: (Tensor | undefined)[] = bands.map(() => undefined);
  const turns = Math.ceil(renderer.samples / renderer.stride);
  try {
    for (let pass = 1, done = 0; pass <= passes; pass++) {
      const end = Math.min(renderer.samples, renderer.stride * Math.round((turns * pass) / passes));
      if (end === done) continue;
      for (const [k, band] of bands.entries()) films[k] = await renderer.expose(band, films[k], done, end);
      done = end;
      const found = renderer.develop(films as Tensor[], whole, done);
      const { variance } = found;
      const mean = variance && tidy(() => variance.mean());
      const error = mean && Math.sqrt(await mean.item());
      mean?.dispose();
      yield { ...found, samples: done, ...(error === undefined ? {} : { error }) };
      if (targetError !== undefined && error! <= targetError) return;
    }
  } finally {
    for (const film of films) film?.dispose();
    renderer.dispose();
  }
}

/** An image as rows of pixels that are taken together. */
function bandsOf({ x, y, width, height }: Crop): Crop[] {
  const rows = Math.max(1, Math.floor(bandPixels / width));
  return Array.from({ length: Math.ceil(height / rows) }, (_, k) => {
    return { x, y: y + k * rows, width, height: Math.min(rows, height - k * rows) };
  });
}
