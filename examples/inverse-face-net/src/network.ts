import { randn, type Generator } from '@chiaro/autograd';
import {
  AlexNet,
  Conv2d,
  Flatten,
  heNormal,
  Linear,
  MaxPool2d,
  ReLU,
  resnet101,
  Sequential,
  type Module,
} from '@chiaro/nn';
import type { Preset } from './config.js';

/** The networks that can be trained. */
export const architectures = ['alexnet', 'resnet101', 'small'] as const;
export type Architecture = (typeof architectures)[number];

/**
 * AlexNet at a quarter of its channels with first steps of 2 instead of 4 pixels, for images of 64 x 64: 14 million
 * multiply-adds, where AlexNet has 810 million for 240 x 240.
 */
function smallAlexNet(outputs: number, size: number, generator: Generator): Sequential {
  const conv = (from: number, to: number, kernel: number, stride = 1): Conv2d =>
    new Conv2d(from, to, kernel, { stride, padding: Math.floor(kernel / 2), generator });
  const pool = (): MaxPool2d => new MaxPool2d(3, { stride: 2 });
  // four times halved, by windows that overlap
  const cells = [0, 1, 2].reduce((n) => Math.floor((n - 3) / 2) + 1, Math.ceil(size / 2)) ** 2;
  return new Sequential([
    ...[conv(3, 16, 7, 2), new ReLU(), pool()],
    ...[conv(16, 48, 5), new ReLU(), pool()],
    ...[conv(48, 96, 3), new ReLU()],
    ...[conv(96, 64, 3), new ReLU()],
    ...[conv(64, 64, 3), new ReLU(), pool()],
    ...[new Flatten(), new Linear(64 * cells, 512, { generator }), new ReLU()],
    ...[new Linear(512, 512, { generator }), new ReLU(), new Linear(512, outputs, { generator })],
  ]);
}

/** The layer that ends in theta. */
function lastLayer(network: Module): Linear {
  const layers = [...network.namedModules().values()].filter((m) => m instanceof Linear);
  return layers.at(-1)!;
}

/**
 * A network N of section 6.1: theta from images [B, 3, S, S] in [-0.5, 0.5]. Its last layer begins with weights N(0, 0.01)
 * and no bias, the others with the architecture's own start, or with the weights of ImageNet (`loadStateDict`).
 */
export function makeNetwork(
  { architecture, size }: Pick<Preset, 'architecture' | 'size'>,
  outputs: number,
  generator: Generator,
): Module {
  const network =
    architecture === 'alexnet'
      ? new AlexNet({ classes: outputs, generator })
      : architecture === 'resnet101'
        ? resnet101({ classes: outputs, generator })
        : smallAlexNet(outputs, size, generator);
  // from PyTorch's own start this network begins to learn much later
  if (architecture === 'small') heNormal(network, { generator });
  const { weight, bias } = lastLayer(network);
  weight.assign(randn(weight.shape, { generator }).mul(0.01));
  bias?.assign(0);
  return network;
}
