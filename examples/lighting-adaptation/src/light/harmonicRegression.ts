import { ShapeError, zeros, type Generator, type Tensor } from '@chiaro/autograd';
import { AvgPool2d, Conv2d, LeakyReLU, Linear, Module, Sequential } from '@chiaro/nn';
import { HarmonicLight } from './baselines.js';
import type { LightInputs, Relit, RegressedLight } from './lightModel.js';

/** Pixels of a side after the last pooling, at least. */
const corner = 4;
const slope = 0.2;

/**
 * The paper's own baseline ("Ours-SH"): the 27 numbers of `HarmonicLight` by a network that sees the frame, as MoFA's encoder
 * does, trained by the photometric loss alone. MoFA's is an AlexNet or VGG trained on many thousand photographs; this one, of
 * convolutions and poolings down to 4 x 4 (up to 7 x 7) and one fully connected layer, learns on the key frames, so it is called a baseline of the
 * paper's kind and not its numbers. The last layer starts at zero, which is the fully lit texture.
 */
export class HarmonicRegression extends Module implements RegressedLight {
  readonly codeSize: number;
  readonly layers: Sequential;
  readonly head: Linear;
  readonly #light: HarmonicLight;

  /**
   * @param size pixels of a side of the frames, at least 8. @param width channels of the first layer.
   * @throws ShapeError for smaller ones.
   */
  constructor(light: HarmonicLight, size: number, width: number, generator: Generator) {
    super();
    const halvings = Math.floor(Math.log2(size / corner));
    if (!(halvings >= 1))
      throw new ShapeError(`HarmonicRegression: frames have at least 8 pixels on a side, got ${size}`);
    const last = Math.floor(size / 2 ** halvings);
    const channels = Array.from({ length: halvings + 1 }, (_, k) => (k === 0 ? 3 : width * 2 ** Math.min(k - 1, 3)));
    this.codeSize = light.codeSize;
    this.layers = new Sequential(
      channels
        .slice(1)
        .flatMap((out, k) => [
          new Conv2d(channels[k], out, 3, { padding: 1, generator }),
          new LeakyReLU(slope),
          new AvgPool2d(2),
        ]),
    );
    this.head = new Linear(channels[halvings] * last * last, light.codeSize, { generator });
    this.head.weight.assign(zeros(this.head.weight.shape));
    this.head.bias!.assign(zeros(this.head.bias!.shape));
    this.#light = light;
  }

  regress(photos: Tensor): Tensor {
    return this.forward(photos.permute([0, 3, 1, 2]));
  }

  relight(inputs: LightInputs): Relit {
    return this.#light.relight(inputs);
  }

  /** Codes [B, 27] of frames [B, 3, S, S]. */
  override forward(x: Tensor): Tensor {
    return this.head.forward(this.layers.forward(x).flatten(1));
  }
}
