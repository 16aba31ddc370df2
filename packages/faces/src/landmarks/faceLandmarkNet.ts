import { AvgPool2d, Conv2d, Linear, Module, SeparableConv2d } from '@chiaro/nn';
import type { Tensor } from '../engine.js';

/** Images that are half as large: TensorFlow's padding "same" of even sizes. */
const halving = { stride: 2, padding: [[0, 1], [0, 1]] } as const; // prettier-ignore

/** Four convolutions, of which each sees the sum of all before it; the first one halves the image. */
class DenseBlock extends Module {
  readonly conv1: SeparableConv2d;
  readonly conv2: SeparableConv2d;
  readonly conv3: SeparableConv2d;

  constructor(
    readonly conv0: Conv2d | SeparableConv2d,
    channels: number,
  ) {
    super();
    [this.conv1, this.conv2, this.conv3] = [1, 2, 3].map(
      () => new SeparableConv2d(channels, channels, 3, { padding: 1 }),
    );
  }

  override forward(x: Tensor): Tensor {
    const first = this.conv0.forward(x).relu();
    const second = first.add(this.conv1.forward(first));
    const third = second.add(this.conv2.forward(second.relu()));
    return third.add(this.conv3.forward(third.relu())).relu();
  }
}

/**
 * The 68-point landmark network of face-api.js (Muehler 2018). Normalised faces [B, 3, 112, 112] -> [B, 136]: x and y of
 * each landmark as parts of the image's size. The order of the points is that of iBUG 300-W (Sagonas et al. 2013).
 */
export class FaceLandmarkNet extends Module {
  readonly dense0 = new DenseBlock(new Conv2d(3, 32, 3, halving), 32);
  readonly dense1 = new DenseBlock(new SeparableConv2d(32, 64, 3, halving), 64);
  readonly dense2 = new DenseBlock(new SeparableConv2d(64, 128, 3, halving), 128);
  readonly dense3 = new DenseBlock(new SeparableConv2d(128, 256, 3, halving), 256);
  readonly #pool = new AvgPool2d(7, { stride: 2 });
  readonly fc = new Linear(256, 136);

  override forward(x: Tensor): Tensor {
    const blocks = [this.dense0, this.dense1, this.dense2, this.dense3];
    const features = blocks.reduce((h, block) => block.forward(h), x);
    return this.fc.forward(this.#pool.forward(features).flatten(1));
  }
}
