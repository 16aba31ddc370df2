import { ChiaroError, noGrad, type Tensor } from '../engine.js';
import type { Sequential } from '../layers/index.js';
import { mseLoss, sameShape } from './difference.js';

/**
 * Difference of images as a network sees them: the mean squared differences of the outputs of some of its layers, summed
 * (Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer", eq. 2). Gradients go to `x` only; freeze the network
 * (`features.freeze().eval()`), whose weights are the user's.
 *
 * @param features layers one after the other, such as `vgg16().features`. The images are given to it as they are: normalise
 * them as it was trained.
 * @param layers numbers of the layers that are compared, each optionally with a factor; what follows the last is not run.
 * @throws ChiaroError for no layers and for numbers that there are not, ShapeError for images of different shapes.
 *
 * @example perceptualLoss(vgg.features, [3, 8, 15, 22], image, photo) // relu1_2, relu2_2, relu3_3, relu4_3 of VGG16
 */
export function perceptualLoss(
  features: Sequential,
  layers: readonly (number | readonly [layer: number, factor: number])[],
  x: Tensor,
  target: Tensor,
): Tensor {
  sameShape('perceptualLoss', x, target);
  const factors = new Map(layers.map((each) => (typeof each === 'number' ? [each, 1] : each)));
  const count = features.modules.length;
  const wrong = [...factors.keys()].find((layer) => !(Number.isInteger(layer) && layer >= 0 && layer < count));
  if (factors.size === 0 || wrong !== undefined) {
    throw new ChiaroError(
      `perceptualLoss: layers must be numbers from 0 to ${count - 1}, got ${wrong ?? 'none'}; the network has ${count} layers`,
    );
  }
  let [seen, wanted] = [x, target.detach()];
  const parts: Tensor[] = [];
  features.modules.slice(0, Math.max(...factors.keys()) + 1).forEach((layer, i) => {
    seen = layer.forward(seen);
    wanted = noGrad(() => layer.forward(wanted));
    const factor = factors.get(i);
    if (factor !== undefined) parts.push(mseLoss(seen, wanted).mul(factor));
  });
  return parts.reduce((a, b) => a.add(b));
}
