import type { Generator, Tensor } from '../engine.js';
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '../layers/index.js';
import { startNormal, type ModelOptions } from './start.js';

/** Channels of 3 x 3 convolutions, stage by stage; each stage ends in a pooling that halves the image. */
export type VGGStages = readonly (readonly number[])[];

/** Configuration D of Simonyan and Zisserman 2015, table 1. */
export const vgg16Stages: VGGStages = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
];

/** Options of `vggFeatures`. */
export interface VGGFeatureOptions {
  /** Batch normalisation after every convolution: false. */
  readonly batchNorm?: boolean;
  /** Channels of the images: 3. */
  readonly inputs?: number;
  readonly generator?: Generator;
}

/** The convolutions of VGG, numbered as in torchvision. */
export function vggFeatures(
  stages: VGGStages,
  { batchNorm = false, inputs = 3, generator }: VGGFeatureOptions = {},
): Sequential {
  const modules: Module[] = [];
  let channels = inputs;
  for (const stage of stages) {
    for (const out of stage) {
      modules.push(new Conv2d(channels, out, 3, { padding: 1, generator }));
      if (batchNorm) modules.push(new BatchNorm2d(out));
      modules.push(new ReLU());
      channels = out;
    }
    modules.push(new MaxPool2d(2));
  }
  return new Sequential(modules);
}

/** VGG of Simonyan and Zisserman 2015 as in torchvision. Images [B, 3, H, W] of at least 32 x 32 -> [B, classes]. */
export class VGG extends Module {
  readonly features: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(7);
  readonly classifier: Sequential;

  constructor(stages: VGGStages, { classes = 1000, ...options }: ModelOptions & VGGFeatureOptions = {}) {
    super();
    const { generator } = options;
    this.features = vggFeatures(stages, options);
    this.classifier = new Sequential([
      new Linear(stages.at(-1)!.at(-1)! * 7 * 7, 4096, { generator }),
      new ReLU(),
      new Dropout(0.5, { generator }),
      new Linear(4096, 4096, { generator }),
      new ReLU(),
      new Dropout(0.5, { generator }),
      new Linear(4096, classes, { generator }),
    ]);
    startNormal(this, generator, 0.01);
  }

  override forward(x: Tensor): Tensor {
    return this.classifier.forward(this.avgpool.forward(this.features.forward(x)).flatten(1));
  }
}

/** VGG16 with 138,357,544 parameters, or with `batchNorm` torchvision's `vgg16_bn`. */
export const vgg16 = (options: ModelOptions & { readonly batchNorm?: boolean } = {}): VGG =>
  new VGG(vgg16Stages, options);
