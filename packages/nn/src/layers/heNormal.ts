import { randn, type Generator } from '../engine.js';
import { Conv2d, ConvTranspose2d } from './conv.js';
import { Linear } from './linear.js';
import type { Module } from './module.js';

/** Options of `heNormal`. */
export interface HeNormalOptions {
  /** Of the leaky ReLU behind the layers: 0, a ReLU. */
  readonly slope?: number;
  /** Draws the weights; without one, the default generator. */
  readonly generator?: Generator;
}

/**
 * Begins all linear and convolutional layers of a network, or a single one, anew: normal weights of variance
 * 2 / ((1 + slope^2) fanIn) and no biases, so that activations keep their size through many layers without normalisation.
 * He et al. 2015, "Delving Deep into Rectifiers", eq. 10 and 15. PyTorch's start has a sixth of that variance (slope 0): what
 * comes out of ten such layers hardly depends on what went in.
 */
export function heNormal(network: Module, { slope = 0, generator }: HeNormalOptions = {}): void {
  const options = generator ? { generator } : {};
  for (const module of [network, ...network.namedModules().values()]) {
    if (!(module instanceof Conv2d || module instanceof ConvTranspose2d || module instanceof Linear)) continue;
    const deviation = Math.sqrt(2 / ((1 + slope ** 2) * module.fanIn));
    module.weight.assign(randn(module.weight.shape, options).mul(deviation));
    module.bias?.assign(0);
  }
}
