import { concat, randn, tensor, type Generator, type Tensor } from '@chiaro/autograd';
import { Linear, Module, Upsample, type BatchNorm2d, type Conv2d } from '@chiaro/nn';
import { Decomposer, compose, toPixels, toPlanes, type Decomposition } from './decomposition.js';
import { ConvNorm, convolution, normalisation, residualBlocks, type ResidualBlock } from './layers.js';

/** How large a network is. */
export interface NetworkSize {
  /** Channels of the residual blocks, a multiple of 4: 128. */
  readonly channels: number;
  /** Residual blocks in a row: 5. */
  readonly blocks: number;
}

/** Layers that normals and albedo share: [B, 3, S, S] -> [B, channels, S / 2, S / 2]. */
class Trunk extends Module {
  readonly first: ConvNorm;
  readonly second: ConvNorm;
  readonly half: Conv2d;

  constructor(channels: number, generator: Generator) {
    super();
    this.first = new ConvNorm(3, channels / 2, 7, generator);
    this.second = new ConvNorm(channels / 2, channels, 3, generator);
    this.half = convolution(channels, channels, 3, generator, 2);
  }

  override forward(x: Tensor): Tensor {
    return this.half.forward(this.second.forward(this.first.forward(x).relu()).relu());
  }
}

/** What normals, or albedo, have for themselves. */
class Branch extends Module {
  readonly blocks: readonly ResidualBlock[];
  readonly norm: BatchNorm2d;
  /** Fixed, nothing is learned. */
  readonly up = new Upsample(2, { mode: 'bilinear' });
  readonly first: ConvNorm;
  readonly second: ConvNorm;
  readonly head: Conv2d;

  /** @param start what the map is about before training. */
  constructor({ channels, blocks }: NetworkSize, start: readonly number[], generator: Generator) {
    super();
    this.blocks = residualBlocks(blocks, channels, generator);
    this.norm = normalisation(channels);
    this.first = new ConvNorm(channels, channels, 1, generator);
    this.second = new ConvNorm(channels, channels / 2, 3, generator);
    this.head = convolution(channels / 2, 3, 1, generator);
    this.head.bias!.assign(tensor(start));
  }

  /** The trunk's features to those of the branch, [B, channels, S / 2, S / 2]. */
  features(x: Tensor): Tensor {
    return this.norm.forward(this.blocks.reduce((h, block) => block.forward(h), x)).relu();
  }

  /** The branch's features to the map, [B, 3, S, S]. */
  override forward(features: Tensor): Tensor {
    const larger = this.first.forward(this.up.forward(features)).relu();
    return this.head.forward(this.second.forward(larger).relu());
  }
}

/** L from all features: [B, 3 channels, S / 2, S / 2] -> [B, 27]. */
class LightHead extends Module {
  readonly conv: ConvNorm;
  readonly fc: Linear;

  constructor(channels: number, generator: Generator) {
    super();
    this.conv = new ConvNorm(3 * channels, channels, 1, generator);
    this.fc = new Linear(channels, 27, { generator });
    this.fc.weight.assign(randn([27, channels], { generator }).mul(0.005));
    this.fc.bias!.assign(1);
  }

  override forward(x: Tensor): Tensor {
    return this.fc.forward(this.conv.forward(x).relu().mean([2, 3]));
  }
}

/** SfSNet (Sengupta et al. 2018): an image into albedo, normals and light; the layers are in the README. */
export class SfsNet extends Decomposer {
  readonly trunk: Trunk;
  readonly normals: Branch;
  readonly albedo: Branch;
  readonly light: LightHead;

  constructor(size: NetworkSize, generator: Generator) {
    super();
    this.trunk = new Trunk(size.channels, generator);
    // a grey surface that faces the camera: from zero, normals would have to turn round first
    this.normals = new Branch(size, [0.5, 0.5, 1], generator);
    this.albedo = new Branch(size, [0.5, 0.5, 0.5], generator);
    this.light = new LightHead(size.channels, generator);
  }

  override decompose(image: Tensor): Decomposition {
    return this.decomposeWith(image, () => undefined);
  }

  /** The same with R, [B, 3, S, S], that is found from all features, [B, 3 channels, S / 2, S / 2]. */
  decomposeWith(image: Tensor, residualOf: (features: Tensor) => Tensor | undefined): Decomposition {
    const shared = this.trunk.forward(toPlanes(image));
    const [ofNormals, ofAlbedo] = [this.normals.features(shared), this.albedo.features(shared)];
    const all = concat([ofNormals, ofAlbedo, shared], 1);
    const residual = residualOf(all);
    return compose(
      toPixels(this.albedo.forward(ofAlbedo)),
      toPixels(this.normals.forward(ofNormals)),
      this.light.forward(all),
      residual && toPixels(residual),
    );
  }
}
