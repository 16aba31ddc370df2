import { concat, ShapeError, type Generator, type Tensor } from '../engine.js';
import { BatchNorm2d, Conv2d, ConvTranspose2d, MaxPool2d, Module, type Sequential } from '../layers/index.js';
import { startNormal } from './start.js';
import { vgg16Stages, vggFeatures, type VGGStages } from './vgg.js';

/** A stage of the decoder of `UNet`: twice as large, then a convolution over that and the encoder's map of that size. */
export class UpBlock extends Module {
  readonly up: ConvTranspose2d;
  readonly bn1: BatchNorm2d;
  readonly conv: Conv2d;
  readonly bn2: BatchNorm2d;

  /** @param skip channels of the encoder's map. */
  constructor(inputs: number, skip: number, outputs: number, generator: Generator | undefined) {
    super();
    this.up = new ConvTranspose2d(inputs, outputs, 4, { stride: 2, padding: 1, bias: false, generator });
    this.bn1 = new BatchNorm2d(outputs);
    this.conv = new Conv2d(outputs + skip, outputs, 3, { padding: 1, bias: false, generator });
    this.bn2 = new BatchNorm2d(outputs);
  }

  /** [B, inputs, H, W] and the encoder's map [B, skip, 2 H, 2 W] -> [B, outputs, 2 H, 2 W] */
  join(x: Tensor, skip: Tensor): Tensor {
    const larger = this.bn1.forward(this.up.forward(x)).relu();
    return this.forward(concat([larger, skip], 1));
  }

  /** The part after the two maps are put together. */
  override forward(x: Tensor): Tensor {
    return this.bn2.forward(this.conv.forward(x)).relu();
  }
}

/** Options of `UNet`. */
export interface UNetOptions {
  /** Channels of the images: 3. */
  readonly inputs?: number;
  /** Channels of the result. */
  readonly outputs: number;
  /** The encoder's convolutions: VGG16's, with batch normalisation, so that weights of torchvision's `vgg16_bn` fit. */
  readonly encoder?: VGGStages;
  /** Channels of the decoder, one number per stage of the encoder: [256, 128, 64, 32, 16]. */
  readonly decoder?: readonly number[];
  /** Whether the last layer begins at zero, so that the first result is: false. */
  readonly zeroHead?: boolean;
  readonly generator?: Generator;
}

/**
 * A U-Net (Ronneberger et al. 2015) on VGG with batch normalisation: skips before each pooling, each stage of the decoder a
 * 4 x 4 transposed convolution, the skip, and a 3 x 3 convolution. Images [B, inputs, H, W] -> [B, outputs, H, W]; H and W are
 * multiples of 2 to the number of stages.
 *
 * @example
 * const net = new UNet({ outputs: 3, zeroHead: true });
 * net.features.load(vgg16Weights); // the entries of torchvision's vgg16_bn that begin with features., without that
 */
export class UNet extends Module {
  /** Numbered as in torchvision. */
  readonly features: Sequential;
  readonly decoder: readonly UpBlock[];
  readonly head: Conv2d;

  /** @throws ShapeError unless encoder and decoder have as many stages. */
  constructor({
    inputs = 3,
    outputs,
    encoder = vgg16Stages,
    decoder = [256, 128, 64, 32, 16],
    zeroHead = false,
    generator,
  }: UNetOptions) {
    super();
    if (encoder.length === 0 || encoder.length !== decoder.length) {
      throw new ShapeError(`UNet: the encoder has ${encoder.length} stages, the decoder ${decoder.length}`);
    }
    this.features = vggFeatures(encoder, { batchNorm: true, inputs, generator });
    const skips = encoder.map((stage) => stage.at(-1)!).reverse();
    this.decoder = decoder.map(
      (out, i) => new UpBlock(i === 0 ? skips[0]! : decoder[i - 1]!, skips[i]!, out, generator),
    );
    this.head = new Conv2d(decoder.at(-1)!, outputs, 1, { generator });
    startNormal(this.features, generator);
    if (zeroHead) for (const p of this.head.parameters()) p.assign(0);
  }

  override forward(x: Tensor): Tensor {
    const multiple = 2 ** this.decoder.length;
    if (x.rank !== 4 || x.shape.slice(2).some((n) => n === 0 || n % multiple !== 0)) {
      throw new ShapeError(
        `UNet: takes [B, C, H, W] with H and W multiples of ${multiple}, got [${x.shape.join(', ')}]; pad the images`,
      );
    }
    const skips: Tensor[] = [];
    let h = x;
    for (const layer of this.features.modules) {
      if (layer instanceof MaxPool2d) skips.unshift(h);
      h = layer.forward(h);
    }
    return this.head.forward(this.decoder.reduce((deep, block, i) => block.join(deep, skips[i]!), h));
  }
}
