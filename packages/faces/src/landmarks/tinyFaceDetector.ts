import { Conv2d, Module, SeparableConv2d } from '@chiaro/nn';
import { maxPool2d, type Tensor } from '../engine.js';

/** Channels after each of the convolutions. */
const channels = [16, 32, 64, 128, 256, 512] as const;

/**
 * The network of the "tiny face detector" of face-api.js (Muehler 2018), a small YOLO v2 (Redmon and Farhadi 2017) of
 * separable convolutions. Normalised images [B, 3, S, S] -> [B, 25, S / 32, S / 32]: for each cell 5 anchors of
 * (x, y, log width, log height, objectness); S a multiple of 32.
 */
export class TinyFaceDetector extends Module {
  readonly conv0 = new Conv2d(3, channels[0], 3);
  readonly conv1 = separable(1);
  readonly conv2 = separable(2);
  readonly conv3 = separable(3);
  readonly conv4 = separable(4);
  readonly conv5 = separable(5);
  readonly conv8 = new Conv2d(channels[5], 25, 1);

  override forward(x: Tensor): Tensor {
    return this.conv8.forward(pool(this.conv5.forward(this.features(x)).leakyRelu(slope), 1));
  }

  /** What stands before the last two convolutions: [B, 256, S / 32, S / 32]. */
  features(x: Tensor): Tensor {
    const first = pool(this.conv0.forward(x).leakyRelu(slope), 2);
    const more = [this.conv1, this.conv2, this.conv3, this.conv4];
    return more.reduce((h, conv) => pool(conv.forward(h).leakyRelu(slope), 2), first);
  }
}

/** float32(0.1), as it was trained. */
const slope = Math.fround(0.1);

const separable = (i: 1 | 2 | 3 | 4 | 5): SeparableConv2d =>
  new SeparableConv2d(channels[i - 1], channels[i], 3, { padding: 1 });

/** TensorFlow's pooling with padding "same": windows reach over the last row and column where sizes ask for it. */
function pool(x: Tensor, stride: 1 | 2): Tensor {
  const over = (n: number): readonly [number, number] => [0, stride === 1 || n % 2 === 1 ? 1 : 0];
  return maxPool2d(x, 2, { stride, padding: [over(x.shape[2]), over(x.shape[3])] });
}
