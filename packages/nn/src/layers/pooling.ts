import {
  adaptiveAvgPool2d,
  avgPool2d,
  maxPool2d,
  type AvgPool2dOptions,
  type Pair,
  type Pool2dOptions,
  type Tensor,
} from '../engine.js';
import { adaptiveMaxPool2d } from '../functional/adaptiveMaxPool2d.js';
import { Module } from './module.js';

/** Largest element of every window; see `maxPool2d`. */
export class MaxPool2d extends Module {
  readonly #size: Pair;
  readonly #options: Pool2dOptions;

  constructor(kernelSize: Pair, options: Pool2dOptions = {}) {
    super();
    this.#size = kernelSize;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.#size, this.#options);
  }
}

/** Mean of every window; see `avgPool2d`. */
export class AvgPool2d extends Module {
  readonly #size: Pair;
  readonly #options: AvgPool2dOptions;

  constructor(kernelSize: Pair, options: AvgPool2dOptions = {}) {
    super();
    this.#size = kernelSize;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.#size, this.#options);
  }
}

/** Means of as many windows as the result has pixels; see `adaptiveAvgPool2d`. */
export class AdaptiveAvgPool2d extends Module {
  readonly #size: Pair;

  constructor(size: Pair) {
    super();
    this.#size = size;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.#size);
  }
}

/** Largest elements of as many windows as the result has pixels; see `adaptiveMaxPool2d`. */
export class AdaptiveMaxPool2d extends Module {
  readonly #size: Pair;

  constructor(size: Pair) {
    super();
    this.#size = size;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.#size);
  }
}
