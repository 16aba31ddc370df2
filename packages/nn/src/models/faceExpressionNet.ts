import type { Tensor } from '../engine.js';
import { AvgPool2d, Conv2d, Linear, Module, Pad2d, SeparableConv2d } from '../layers/index.js';
import { FaceRecognitionNet } from './faceRecognitionNet.js';

/** Four convolutions, the first with stride 2; each further one gets the sum of all before it. */
class DenseBlock extends Module {
  readonly conv0: Conv2d | SeparableConv2d;
  readonly conv1: SeparableConv2d;
  readonly conv2: SeparableConv2d;
  readonly conv3: SeparableConv2d;
  /** TensorFlow's `same` for stride 2 and even sizes: a row below and a column to the right. */
  readonly #pad = new Pad2d([0, 1, 0, 1]);

  constructor(inputs: number, outputs: number, Start: typeof Conv2d | typeof SeparableConv2d) {
    super();
    const same = (): SeparableConv2d => new SeparableConv2d(outputs, outputs, 3, { padding: 1 });
    this.conv0 = new Start(inputs, outputs, 3, { stride: 2 });
    [this.conv1, this.conv2, this.conv3] = [same(), same(), same()];
  }

  override forward(x: Tensor): Tensor {
    const first = this.conv0.forward(this.#pad.forward(x)).relu();
    const two = first.add(this.conv1.forward(first));
    const three = two.add(this.conv2.forward(two.relu()));
    return three.add(this.conv3.forward(three.relu())).relu();
  }
}

/**
 * The expression classifier of face-api.js: dense blocks of depthwise separable convolutions, 323,687 parameters.
 * Faces [B, 3, 112, 112], normalised by `normalise` -> logits [B, 7] of `labels`. Weights are the user's, for example
 * those of `@vladmandic/face-api`.
 */
export class FaceExpressionNet extends Module {
  /** What the logits stand for, in their order. */
  static readonly labels = ['neutral', 'happy', 'sad', 'angry', 'fearful', 'disgusted', 'surprised'] as const;

  readonly dense0: Module = new DenseBlock(3, 32, Conv2d);
  readonly dense1: Module = new DenseBlock(32, 64, SeparableConv2d);
  readonly dense2: Module = new DenseBlock(64, 128, SeparableConv2d);
  readonly dense3: Module = new DenseBlock(128, 256, SeparableConv2d);
  readonly fc = new Linear(256, 7);
  readonly #pool = new AvgPool2d(7, { stride: 2 });

  /** sRGB values from 0 to 255, [B, 3, H, W], as the network takes them: as those of `FaceRecognitionNet`. */
  static normalise(images: Tensor): Tensor {
    return FaceRecognitionNet.normalise(images);
  }

  override forward(x: Tensor): Tensor {
    const features = [this.dense0, this.dense1, this.dense2, this.dense3].reduce((h, block) => block.forward(h), x);
    return this.fc.forward(this.#pool.forward(features).flatten(1));
  }
}
