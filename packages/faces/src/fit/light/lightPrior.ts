import { environmentOfSH, shBands, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { LightPriors } from './solveLight.js';

/** Y_00: what the first coefficient adds everywhere. */
const meanOfFirst = Math.sqrt(1 / (4 * Math.PI));

/**
 * The prior of `solveLight` on tensors: minus twice the logarithm of the density of coefficients [K, 3], up to a
 * constant. Contrast falls as 1 / l, colours are nearly grey, negative radiance is unlikely; and since photographers choose
 * the exposure, the mean radiance is near `exposure`: what tells dark skin from dim light. Shape [].
 *
 * @param ambient the light's mean coefficient, which sets the scale; a tensor [] or a number.
 */
export function lightPrior(light: Tensor, ambient: Tensor | number, priors: LightPriors): Tensor {
  const bands = shBands(Math.sqrt(light.shape[0]) - 1);
  const spread = tensor(bands.map((l) => [priors.contrast / Math.max(l, 1)]));
  const relative = light.div(ambient).div(spread);
  const mean = relative.mean(1, true);
  const grey = mean.slice([1]).square().sum();
  const colour = relative
    .sub(mean)
    .square()
    .sum()
    .div(priors.colourfulness ** 2);
  const map = environmentOfSH(light, { height: 12 }).div(ambient);
  const negative = map
    .neg()
    .clamp(0)
    .square()
    .mean()
    .mul(3 * priors.negativity * 100);
  const radiance = light.slice([0, 1]).mean().mul(meanOfFirst).clamp(1e-4);
  const exposed = radiance.div(priors.exposure).log().div(priors.exposureSigma).square();
  return grey.add(colour).add(negative).add(exposed);
}
