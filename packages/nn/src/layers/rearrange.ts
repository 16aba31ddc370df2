import type { Tensor } from '../engine.js';
import { pad2d, type PaddingMode } from '../functional/padding.js';
import { pixelShuffle } from '../functional/pixelShuffle.js';
import { Module } from './module.js';

/** Dimensions from 1 on as one: [B, ...] -> [B, N]. */
export class Flatten extends Module {
  override forward(x: Tensor): Tensor {
    return x.flatten(1);
  }
}

/** Channels become pixels; see `pixelShuffle`. */
export class PixelShuffle extends Module {
  constructor(readonly factor: number) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.factor);
  }
}

/** Images with a margin; see `pad2d`. A single number is all four margins. */
export class Pad2d extends Module {
  readonly #margins: readonly [number, number, number, number];

  constructor(
    margins: number | readonly [left: number, right: number, top: number, bottom: number],
    readonly mode: PaddingMode = 'zeros',
  ) {
    super();
    this.#margins = typeof margins === 'number' ? [margins, margins, margins, margins] : margins;
  }

  override forward(x: Tensor): Tensor {
    return pad2d(x, this.#margins, this.mode);
  }
}
