import type { Generator } from '@chiaro/autograd';
import { Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '@chiaro/nn';

/** Two convolutions, two layers of neurons: 83,514 parameters. [B, 1, 28, 28] -> [B, 10], logits. */
export const network = (generator: Generator): Sequential =>
  new Sequential([
    new Conv2d(1, 12, 5, { padding: 2, generator }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(12, 24, 5, { padding: 2, generator }),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(24 * 49, 64, { generator }),
    new ReLU(),
    new Linear(64, 10, { generator }),
  ]);
