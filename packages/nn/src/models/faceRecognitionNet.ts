import { pad, Parameter, tensor, type Tensor } from '../engine.js';
import { AvgPool2d, Conv2d, Linear, MaxPool2d, Module } from '../layers/index.js';

/** Of the images that the network was trained on: red, green, blue from 0 to 255. */
const mean = [122.782, 117.001, 104.298];

/** A factor and an offset per channel. */
class ChannelScale extends Module {
  /** [C] */
  readonly weight: Parameter;
  /** [C] */
  readonly bias: Parameter;

  constructor(channels: number) {
    super();
    this.weight = Parameter.full([channels], 1);
    this.bias = Parameter.zeros([channels]);
  }

  override forward(x: Tensor): Tensor {
    const perChannel = (p: Parameter): Tensor => p.reshape([-1, 1, 1]);
    return x.mul(perChannel(this.weight)).add(perChannel(this.bias));
  }
}

/** A convolution whose channels are scaled: what batch normalisation becomes in use. */
class ScaledConv extends Module {
  readonly conv: Conv2d;
  readonly scale: ChannelScale;

  constructor(inputs: number, outputs: number, size: number, stride: number) {
    super();
    // without padding where the image is halved
    this.conv = new Conv2d(inputs, outputs, size, { stride, padding: stride === 1 ? (size - 1) / 2 : 0 });
    this.scale = new ChannelScale(outputs);
  }

  override forward(x: Tensor): Tensor {
    return this.scale.forward(this.conv.forward(x));
  }
}

/** Two convolutions and a shortcut without weights: means over 2 x 2 pixels, zeros for channels that are new. */
class Residual extends Module {
  readonly conv1: ScaledConv;
  readonly conv2: ScaledConv;
  readonly #pool: AvgPool2d | undefined;
  readonly #newChannels: number;

  constructor(inputs: number, outputs: number, stride = 1) {
    super();
    this.conv1 = new ScaledConv(inputs, outputs, 3, stride);
    this.conv2 = new ScaledConv(outputs, outputs, 3, 1);
    this.#pool = stride === 2 ? new AvgPool2d(2) : undefined;
    this.#newChannels = outputs - inputs;
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv2.forward(this.conv1.forward(x).relu());
    const short = this.#pool?.forward(x) ?? x;
    const missing = (dim: number): readonly [number, number] => [0, short.shape[dim]! - y.shape[dim]!];
    return pad(y, [missing(2), missing(3)])
      .add(
        pad(short, [
          [0, this.#newChannels],
          [0, 0],
          [0, 0],
        ]),
      ) // prettier-ignore
      .relu();
  }
}

/**
 * The face recognition network of dlib (King 2017) and face-api.js, a residual network of 29 layers. Faces [B, 3, 150, 150],
 * normalised by `normalise` -> descriptors [B, 128], of which two of one person are about 0.6 apart or less: a measure of
 * whether a rendered face still looks like its photograph. Weights are the user's, for example those of
 * `@vladmandic/face-api`.
 */
export class FaceRecognitionNet extends Module {
  readonly conv32_down: Module = new ScaledConv(3, 32, 7, 2);
  readonly conv32_1: Module = new Residual(32, 32);
  readonly conv32_2: Module = new Residual(32, 32);
  readonly conv32_3: Module = new Residual(32, 32);
  readonly conv64_down: Module = new Residual(32, 64, 2);
  readonly conv64_1: Module = new Residual(64, 64);
  readonly conv64_2: Module = new Residual(64, 64);
  readonly conv64_3: Module = new Residual(64, 64);
  readonly conv128_down: Module = new Residual(64, 128, 2);
  readonly conv128_1: Module = new Residual(128, 128);
  readonly conv128_2: Module = new Residual(128, 128);
  readonly conv256_down: Module = new Residual(128, 256, 2);
  readonly conv256_1: Module = new Residual(256, 256);
  readonly conv256_2: Module = new Residual(256, 256);
  readonly conv256_down_out: Module = new Residual(256, 256, 2);
  readonly fc = new Linear(256, 128, { bias: false });
  readonly #pool = new MaxPool2d(3, { stride: 2 });

  /** sRGB values from 0 to 255, [B, 3, H, W], as the network takes them. */
  static normalise(images: Tensor): Tensor {
    return images.sub(tensor(mean, [3, 1, 1])).mul(1 / 255);
  }

  override forward(x: Tensor): Tensor {
    const blocks = [...this.namedModules()].filter(([, module]) => module instanceof Residual);
    const first = this.#pool.forward(this.conv32_down.forward(x).relu());
    const features = blocks.reduce((h, [, block]) => block.forward(h), first);
    return this.fc.forward(features.mean([2, 3]));
  }
}
