import { Adam } from '@chiaro/nn';
import type { Tensor } from '../../engine.js';
import type { FitConfig, Rates, Weights } from '../config.js';
import type { FaceVariables } from '../faceVariables.js';
import { lightPrior } from '../light/lightPrior.js';

/** Names of the values that a step of a model stage gives, in order. */
export const stepTerms = ['total', 'photometric', 'landmarks', 'prior'] as const;

/** Standard deviation of a blendshape's weight in the prior. */
const blendshapeSigma = 0.3;

/** The priors of all variables, weighted: a sum of squares in standard deviations. */
export function priorOf(v: FaceVariables, weights: Weights, light: FitConfig['light'], ambient: Tensor): Tensor {
  const square = (x: Tensor, weight: number): Tensor => x.square().sum().mul(weight);
  return square(v.identity, weights.identity)
    .add(square(v.blendshapes.div(blendshapeSigma), weights.blendshapes))
    .add(square(v.albedo, weights.albedo))
    .add(square(v.tint, weights.tint))
    .add(lightPrior(v.light, ambient, light).mul(weights.light));
}

/** Adam with a group per variable. @param ambient the light's mean coefficient, the unit of its rate. */
export function adamOf(v: FaceVariables, rates: Rates, ambient: number): Adam {
  const names = ['rotation', 'translation', 'identity', 'blendshapes', 'albedo', 'tint', 'light'] as const;
  return new Adam(
    names.map((name) => ({ params: [v[name]], lr: name === 'light' ? rates.light * ambient : rates[name] })),
    { betas: [0.9, 0.99] },
  );
}

/** Sets all rates of an optimiser to a fraction of what they were at first. */
export function scaleRates(adam: Adam, first: readonly number[], factor: number): void {
  adam.groups.forEach((group, k) => (group.lr = first[k] * factor));
}
