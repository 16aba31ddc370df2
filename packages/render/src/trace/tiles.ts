import { ShapeError } from '../engine.js';
import type { Camera } from '../camera/index.js';
import type { Crop } from './pathTrace.js';
import { PieceRenderer } from './pieces.js';
import type { LongRenderOptions } from './pieces.js';
import type { Scene } from './scene.js';

/** Choices of `renderTiles`. */
export interface TileOptions extends LongRenderOptions {
  /** Side of a tile in pixels; 256 by default. */
  readonly tile?: number;
}

/** A part of an image, in the host's memory. */
export interface Tile extends Crop {
  /** height x width x 3 values, linear RGB, by rows. */
  readonly image: Float32Array;
}

/**
 * Renders an image that need not fit into memory: tile by tile, row by row of tiles from the top left, each handed out as
 * numbers of the host. The GPU holds the scene and one tile. Without gradients; values are those of `pathTrace` with the
 * same seed, bit for bit.
 *
 * @throws ShapeError as `pathTrace`, and for a tile of no size; the signal's reason when it is aborted.
 */
export async function* renderTiles(
  scene: Scene,
  camera: Camera,
  options: TileOptions = {},
): AsyncGenerator<Tile, void, undefined> {
  const { tile = 256 } = options;
  if (!Number.isInteger(tile) || tile < 1) {
    throw new ShapeError(`renderTiles: tile must be a whole number of at least 1, got ${tile}`);
  }
  const whole = options.crop ?? { x: 0, y: 0, ...camera.size };
  const renderer = new PieceRenderer(scene, camera, options);
  try {
    for (let y = 0; y < whole.height; y += tile) {
      for (let x = 0; x < whole.width; x += tile) {
        const width = Math.min(tile, whole.width - x);
        const height = Math.min(tile, whole.height - y);
        const crop = { x: whole.x + x, y: whole.y + y, width, height };
        const film = await renderer.expose(crop, undefined, 0, renderer.samples);
        const images = renderer.develop([film], crop, renderer.samples);
        const image = (await images.image.data()) as Float32Array;
        film.dispose();
        for (const t of Object.values(images)) t.dispose();
        yield { ...crop, image };
      }
    }
  } finally {
    renderer.dispose();
  }
}
