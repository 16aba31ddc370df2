import type { Generator, Tensor } from '@chiaro/autograd';
import { ConvTranspose2d, Module, type BatchNorm2d, type Conv2d } from '@chiaro/nn';
import { Decomposer, type Decomposition } from './decomposition.js';
import { ConvNorm, convolution, normalisation, residualBlocks, type ResidualBlock } from './layers.js';
import { SfsNet, type NetworkSize } from './sfsNet.js';

/** R from SfSNet's features: [B, 3 channels, S / 2, S / 2] -> [B, 3, S, S], signed; zero before anything is learned. */
class IlluResNet extends Module {
  readonly first: ConvNorm;
  readonly blocks: readonly ResidualBlock[];
  readonly norm: BatchNorm2d;
  readonly up: ConvTranspose2d;
  readonly upNorm: BatchNorm2d;
  readonly head: Conv2d;

  constructor({ channels, blocks }: NetworkSize, generator: Generator) {
    super();
    this.first = new ConvNorm(3 * channels, channels, 3, generator);
    this.blocks = residualBlocks(blocks, channels, generator);
    this.norm = normalisation(channels);
    this.up = new ConvTranspose2d(channels, channels / 2, 4, { stride: 2, padding: 1, generator });
    this.upNorm = normalisation(channels / 2);
    this.head = convolution(channels / 2, 3, 3, generator);
    for (const p of this.head.parameters()) p.assign(0);
  }

  override forward(features: Tensor): Tensor {
    const deep = this.blocks.reduce((h, block) => block.forward(h), this.first.forward(features));
    const larger = this.up.forward(this.norm.forward(deep).relu());
    return this.head.forward(this.upNorm.forward(larger).relu());
  }
}

/**
 * IlluRes-SfSNet, figure 2: SfSNet, and a net that finds R from SfSNet's features, so that gradients of I_g reach both.
 */
export class IlluResSfsNet extends Decomposer {
  readonly illuRes: IlluResNet;

  /** @param sfs the SfSNet that is joined, trained by eq. 3 before. */
  constructor(
    readonly sfs: SfsNet,
    size: NetworkSize,
    generator: Generator,
  ) {
    super();
    this.illuRes = new IlluResNet(size, generator);
  }

  override decompose(image: Tensor): Decomposition {
    return this.sfs.decomposeWith(image, (features) => this.illuRes.forward(features));
  }
}
