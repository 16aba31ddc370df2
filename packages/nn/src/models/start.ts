import { randn, type Generator, type Tensor } from '../engine.js';
import { Conv2d, Linear, type Module } from '../layers/index.js';

/** What every model lets one choose. */
export interface ModelOptions {
  /** Numbers that the network ends in: 1000, the classes of ImageNet. */
  readonly classes?: number;
  /** Draws the first weights, and what dropout drops; without one, the default generator. */
  readonly generator?: Generator;
}

/**
 * torchvision's first weights: convolutions normal with variance 2 / (out kh kw) (He et al. 2015, eq. 14), linear layers
 * normal with standard deviation `linear`, biases zero. Drawn when something is next computed.
 */
export function startNormal(network: Module, generator: Generator | undefined, linear?: number): void {
  const normal = (shape: readonly number[], deviation: number): Tensor =>
    randn(shape, generator ? { generator } : {}).mul(deviation);
  for (const module of network.namedModules().values()) {
    if (module instanceof Conv2d) {
      const [out, , height, width] = module.weight.shape as readonly [number, number, number, number];
      module.weight.assign(normal(module.weight.shape, Math.sqrt(2 / (out * height * width))));
      module.bias?.assign(0);
    } else if (module instanceof Linear && linear !== undefined) {
      module.weight.assign(normal(module.weight.shape, linear));
      module.bias?.assign(0);
    }
  }
}
