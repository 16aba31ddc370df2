import { ChiaroError, type Tensor } from '../engine.js';
import { imageGrid } from '../functional/index.js';

/** Results of a run as one picture, 8-bit sRGB. */
export interface TrainingPicture {
  readonly name: string;
  /** Steps done. */
  readonly step: number;
  /** The epoch that ended, from 0. */
  readonly epoch: number;
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, row by row from the top. */
  readonly pixels: Uint8Array;
}

/**
 * Images by names as pictures.
 * @throws ChiaroError for other shapes, numbers of channels and names.
 */
export async function picturesOf(
  images: Readonly<Record<string, Tensor>>,
  at: Pick<TrainingPicture, 'step' | 'epoch'>,
): Promise<TrainingPicture[]> {
  const wrong = Object.keys(images).find((name) => !/^[\w-]+$/.test(name));
  if (wrong !== undefined) {
    throw new ChiaroError(
      `Trainer: names of pictures are made of letters, digits, _ and -, got ${JSON.stringify(wrong)}`,
    );
  }
  return Promise.all(Object.entries(images).map(async ([name, each]) => ({ name, ...at, ...(await pictureOf(each)) })));
}

/**
 * Images of linear light [B, C, H, W], one or three channels, as a grid of sRGB bytes; what is outside of [0, 1] is clipped.
 */
async function pictureOf(images: Tensor): Promise<Pick<TrainingPicture, 'width' | 'height' | 'pixels'>> {
  const channels = images.shape[1];
  if (images.rank !== 4 || (channels !== 1 && channels !== 3)) {
    throw new ChiaroError(
      `Trainer: pictures must give images [B, 1, H, W] or [B, 3, H, W], got [${images.shape.join(', ')}]`,
    );
  }
  const grid = imageGrid(images.to('float32'), { background: 0.02 });
  const [, height, width] = grid.shape as readonly [number, number, number];
  const planes = await grid.data();
  const pixels = new Uint8Array(3 * width * height);
  for (let c = 0; c < 3; c++) {
    const plane = channels === 1 ? 0 : c * width * height;
    for (let i = 0; i < width * height; i++) pixels[3 * i + c] = byteOf(planes[plane + i]!);
  }
  return { width, height, pixels };
}

/** IEC 61966-2-1: linear light as an sRGB byte; NaN is black. */
function byteOf(linear: number): number {
  const x = Math.min(Math.max(linear || 0, 0), 1);
  return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055));
}
