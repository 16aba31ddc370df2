import type { Tensor } from '../engine.js';
import { AdaptiveAvgPool2d, Conv2d, Dropout, Linear, MaxPool2d, Module, ReLU, Sequential } from '../layers/index.js';
import type { ModelOptions } from './start.js';

/**
 * AlexNet as in torchvision: the one column of Krizhevsky 2014, "One weird trick for parallelizing convolutional neural
 * networks", without normalisation or groups. Images [B, 3, H, W] of at least 63 x 63 -> [B, classes].
 */
export class AlexNet extends Module {
  readonly features: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(6);
  readonly classifier: Sequential;

  constructor({ classes = 1000, generator }: ModelOptions = {}) {
    super();
    this.features = new Sequential([
      new Conv2d(3, 64, 11, { stride: 4, padding: 2, generator }),
      new ReLU(),
      new MaxPool2d(3, { stride: 2 }),
      new Conv2d(64, 192, 5, { padding: 2, generator }),
      new ReLU(),
      new MaxPool2d(3, { stride: 2 }),
      new Conv2d(192, 384, 3, { padding: 1, generator }),
      new ReLU(),
      new Conv2d(384, 256, 3, { padding: 1, generator }),
      new ReLU(),
      new Conv2d(256, 256, 3, { padding: 1, generator }),
      new ReLU(),
      new MaxPool2d(3, { stride: 2 }),
    ]);
    this.classifier = new Sequential([
      new Dropout(0.5, { generator }),
      new Linear(256 * 6 * 6, 4096, { generator }),
      new ReLU(),
      new Dropout(0.5, { generator }),
      new Linear(4096, 4096, { generator }),
      new ReLU(),
      new Linear(4096, classes, { generator }),
    ]);
  }

  override forward(x: Tensor): Tensor {
    return this.classifier.forward(this.avgpool.forward(this.features.forward(x)).flatten(1));
  }
}
