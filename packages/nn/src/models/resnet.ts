import type { Generator, Tensor } from '../engine.js';
import { BatchNorm2d, Conv2d, Linear, MaxPool2d, Module, Sequential } from '../layers/index.js';
import { startNormal, type ModelOptions } from './start.js';

/** How a block is made: from so many channels to `channels` times the block's expansion. */
interface BlockShape {
  readonly inputs: number;
  readonly channels: number;
  readonly stride: number;
  readonly generator: Generator | undefined;
}

const conv3 = (inputs: number, outputs: number, stride: number, generator: Generator | undefined): Conv2d =>
  new Conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false, generator });
const conv1 = (inputs: number, outputs: number, stride: number, generator: Generator | undefined): Conv2d =>
  new Conv2d(inputs, outputs, 1, { stride, bias: false, generator });

/** What is added to a block's result: the input, brought to its size where that differs. */
function shortcut({ inputs, stride, generator }: BlockShape, outputs: number): Sequential | null {
  if (stride === 1 && inputs === outputs) return null;
  return new Sequential([conv1(inputs, outputs, stride, generator), new BatchNorm2d(outputs)]);
}

/** Two 3 x 3 convolutions and a shortcut: He et al. 2016, figure 5 left. */
export class BasicBlock extends Module {
  static readonly expansion = 1;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly downsample: Sequential | null;

  /** @internal */
  constructor(shape: BlockShape) {
    super();
    const { inputs, channels, stride, generator } = shape;
    this.conv1 = conv3(inputs, channels, stride, generator);
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = conv3(channels, channels, 1, generator);
    this.bn2 = new BatchNorm2d(channels);
    this.downsample = shortcut(shape, channels);
  }

  override forward(x: Tensor): Tensor {
    const inner = this.bn1.forward(this.conv1.forward(x)).relu();
    const outer = this.bn2.forward(this.conv2.forward(inner));
    return outer.add(this.downsample?.forward(x) ?? x).relu();
  }
}

/** 1 x 1, 3 x 3 and 1 x 1 convolutions and a shortcut: He et al. 2016, figure 5 right, with the stride in the middle. */
export class Bottleneck extends Module {
  static readonly expansion = 4;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly downsample: Sequential | null;

  /** @internal */
  constructor(shape: BlockShape) {
    super();
    const { inputs, channels, stride, generator } = shape;
    const outputs = channels * Bottleneck.expansion;
    this.conv1 = conv1(inputs, channels, 1, generator);
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = conv3(channels, channels, stride, generator);
    this.bn2 = new BatchNorm2d(channels);
    this.conv3 = conv1(channels, outputs, 1, generator);
    this.bn3 = new BatchNorm2d(outputs);
    this.downsample = shortcut(shape, outputs);
  }

  override forward(x: Tensor): Tensor {
    const narrow = this.bn1.forward(this.conv1.forward(x)).relu();
    const middle = this.bn2.forward(this.conv2.forward(narrow)).relu();
    const wide = this.bn3.forward(this.conv3.forward(middle));
    return wide.add(this.downsample?.forward(x) ?? x).relu();
  }
}

/** Options of `ResNet`. */
export interface ResNetOptions extends ModelOptions {
  /** Channels of the first stage, doubled by each of the three after it: 64. */
  readonly width?: number;
}

/** Residual networks of He et al. 2016 as in torchvision. Images [B, 3, H, W] -> [B, classes]. */
export class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly fc: Linear;

  /** @param blocks how many there are in each of the four stages. */
  constructor(
    Block: typeof BasicBlock | typeof Bottleneck,
    blocks: readonly [number, number, number, number],
    { classes = 1000, width = 64, generator }: ResNetOptions = {},
  ) {
    super();
    this.conv1 = new Conv2d(3, width, 7, { stride: 2, padding: 3, bias: false, generator });
    this.bn1 = new BatchNorm2d(width);
    let inputs = width;
    const stage = (s: number): Sequential => {
      const channels = width * 2 ** s;
      const made = Array.from({ length: blocks[s]! }, (_, i) => {
        const block = new Block({ inputs, channels, stride: s > 0 && i === 0 ? 2 : 1, generator });
        inputs = channels * Block.expansion;
        return block;
      });
      return new Sequential(made);
    };
    this.layer1 = stage(0);
    this.layer2 = stage(1);
    this.layer3 = stage(2);
    this.layer4 = stage(3);
    this.fc = new Linear(inputs, classes, { generator });
    startNormal(this, generator);
  }

  override forward(x: Tensor): Tensor {
    const first = this.maxpool.forward(this.bn1.forward(this.conv1.forward(x)).relu());
    const stages = [this.layer1, this.layer2, this.layer3, this.layer4];
    const features = stages.reduce((h, stage) => stage.forward(h), first);
    return this.fc.forward(features.mean([2, 3]));
  }
}

/** 11,689,512 parameters. */
export const resnet18 = (options: ResNetOptions = {}): ResNet => new ResNet(BasicBlock, [2, 2, 2, 2], options);
/** 21,797,672 parameters. */
export const resnet34 = (options: ResNetOptions = {}): ResNet => new ResNet(BasicBlock, [3, 4, 6, 3], options);
/** 25,557,032 parameters. */
export const resnet50 = (options: ResNetOptions = {}): ResNet => new ResNet(Bottleneck, [3, 4, 6, 3], options);
/** 44,549,160 parameters. */
export const resnet101 = (options: ResNetOptions = {}): ResNet => new ResNet(Bottleneck, [3, 4, 23, 3], options);
/** 60,192,808 parameters. */
export const resnet152 = (options: ResNetOptions = {}): ResNet => new ResNet(Bottleneck, [3, 8, 36, 3], options);
