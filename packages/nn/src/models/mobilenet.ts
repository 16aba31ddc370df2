import type { Generator, Padding, Tensor } from '../engine.js';
import { BatchNorm2d, Conv2d, Dropout, Linear, Module, ReLU6, Sequential } from '../layers/index.js';
import { startNormal, type ModelOptions } from './start.js';

/** Options of `MobileNetV2`. */
export interface MobileNetOptions extends ModelOptions {
  /** Times the channels of every layer: 1. */
  readonly width?: number;
  /**
   * Whose conventions: `torch`, which is torchvision's; `keras`, with an epsilon of 1e-3 in the normalisation and, where an
   * image is halved, all padding at the bottom and on the right, which weights published for TensorFlow.js need.
   */
  readonly conventions?: 'torch' | 'keras';
}

/** What the parts of the network have in common. */
interface Style {
  readonly conventions: 'torch' | 'keras';
  readonly generator: Generator | undefined;
}

/** Convolution without bias and normalisation, with ReLU6 unless `linear`. */
function convolution(
  inputs: number,
  outputs: number,
  { size = 1, stride = 1, groups = 1, linear = false },
  { conventions, generator }: Style,
): Module[] {
  const before = (size - 1) / 2;
  const uneven = conventions === 'keras' && stride === 2;
  const padding: Padding = uneven ? [[0, 1], [0, 1]] : before; // prettier-ignore
  const conv = new Conv2d(inputs, outputs, size, { stride, padding, groups, bias: false, generator });
  const norm = new BatchNorm2d(outputs, conventions === 'keras' ? { eps: 1e-3 } : {});
  return linear ? [conv, norm] : [conv, norm, new ReLU6()];
}

/** Wider by 1 x 1, depthwise 3 x 3, and narrow again without activation: Sandler et al. 2018, table 1. */
class InvertedResidual extends Module {
  readonly conv: Sequential;
  readonly #adds: boolean;

  constructor(inputs: number, outputs: number, stride: number, expansion: number, style: Style) {
    super();
    const wide = inputs * expansion;
    this.conv = new Sequential([
      ...(expansion === 1 ? [] : [new Sequential(convolution(inputs, wide, {}, style))]),
      new Sequential(convolution(wide, wide, { size: 3, stride, groups: wide }, style)),
      ...convolution(wide, outputs, { linear: true }, style),
    ]);
    this.#adds = stride === 1 && inputs === outputs;
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv.forward(x);
    return this.#adds ? y.add(x) : y;
  }
}

/** Expansion, channels, blocks, stride of the first: Sandler et al. 2018, table 2. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** A whole multiple of 8 near a number of channels, and at least 0.9 times as large. */
function wholeChannels(channels: number): number {
  const near = Math.max(8, Math.floor(channels / 8 + 0.5) * 8);
  return near < 0.9 * channels ? near + 8 : near;
}

/**
 * MobileNetV2 (Sandler et al. 2018) as in torchvision: 3,504,872 parameters. Images [B, 3, H, W] -> [B, classes]; `features`
 * alone, [B, 3, H, W] -> [B, 1280, H / 32, W / 32], is a small trunk for detectors.
 */
export class MobileNetV2 extends Module {
  readonly features: Sequential;
  readonly classifier: Sequential;

  constructor({ classes = 1000, width = 1, conventions = 'torch', generator }: MobileNetOptions = {}) {
    super();
    const style = { conventions, generator };
    let channels = wholeChannels(32 * width);
    const modules: Module[] = [new Sequential(convolution(3, channels, { size: 3, stride: 2 }, style))];
    for (const [expansion, base, blocks, first] of stages) {
      const outputs = wholeChannels(base * width);
      for (let i = 0; i < blocks; i++) {
        modules.push(new InvertedResidual(channels, outputs, i === 0 ? first : 1, expansion, style));
        channels = outputs;
      }
    }
    const last = wholeChannels(1280 * Math.max(1, width));
    modules.push(new Sequential(convolution(channels, last, {}, style)));
    this.features = new Sequential(modules);
    this.classifier = new Sequential([new Dropout(0.2, { generator }), new Linear(last, classes, { generator })]);
    startNormal(this, generator, 0.01);
  }

  override forward(x: Tensor): Tensor {
    return this.classifier.forward(this.features.forward(x).mean([2, 3]));
  }
}
