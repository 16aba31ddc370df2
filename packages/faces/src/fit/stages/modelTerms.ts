import { Adam } from '@chiaro/nn';
import { noGrad, stack } from '../../engine.js';
import type { Parameter, Tensor } from '../../engine.js';
import type { FitConfig, Rates, Weights } from '../config.js';
import type { FaceVariables } from '../faceVariables.js';
import { lightPrior } from '../light/lightPrior.js';

/** Names of the values that a step of a model stage gives, in order. */
export const stepTerms = ['total', 'photometric', 'landmarks', 'prior'] as const;

/** Standard deviation of a blendshape's weight in the prior. */
export const blendshapeSigma = 0.3;

/** The cells of a name that some faces have; one that they share counts once. */
const distinct = (faces: readonly FaceVariables[], name: keyof FaceVariables): Parameter[] => [
  ...new Set(faces.map((v) => v[name])),
];

/**
 * The priors of all variables of some faces, weighted: a sum of squares in standard deviations. @param ambients mean
 * coefficient of the light of each face.
 */
export function priorOf(
  faces: readonly FaceVariables[],
  weights: Weights,
  light: FitConfig['light'],
  ambients: readonly Tensor[],
): Tensor {
  const squares = (name: 'identity' | 'blendshapes' | 'albedo' | 'tint', weight: number, sigma = 1): Tensor[] =>
    distinct(faces, name).map((x) => (sigma === 1 ? x : x.div(sigma)).square().sum().mul(weight));
  return [
    ...squares('identity', weights.identity),
    ...squares('blendshapes', weights.blendshapes, blendshapeSigma),
    ...squares('albedo', weights.albedo),
    ...squares('tint', weights.tint),
    ...faces.map((v, k) => lightPrior(v.light, ambients[k], light).mul(weights.light)),
  ].reduce((sum, term) => sum.add(term));
}

/**
 * The values of `stepTerms` for some faces of one person -> [4]; brings gradients to all variables. @param faces the
 * photometric term of each photograph with its weight, and its landmarks' term.
 */
export function stepValues(
  faces: readonly { readonly weighted: Tensor; readonly photometric: Tensor; readonly landmarks: Tensor }[],
  prior: Tensor,
  weights: Weights,
): Tensor {
  const total = faces
    .map(({ weighted, landmarks }) => weighted.add(landmarks.mul(weights.landmarks)))
    .reduce((sum, term) => sum.add(term))
    .add(prior);
  total.backward();
  const mean = (terms: readonly Tensor[]): Tensor =>
    terms.length === 1 ? terms[0] : terms.reduce((sum, term) => sum.add(term)).div(terms.length);
  const [photometric, landmarks] = [faces.map((f) => f.photometric), faces.map((f) => f.landmarks)].map(mean);
  return stack([total, photometric, landmarks, prior]);
}

/** A step of an optimiser, after which the weights of the expressions are back in their range. */
export function advance(faces: readonly FaceVariables[], adam: Adam): void {
  adam.step();
  adam.zeroGrad();
  noGrad(() => distinct(faces, 'blendshapes').forEach((weights) => weights.assign(weights.clamp(0, 1))));
}

/** Adam with a group per variable of some faces. @param ambients each light's mean coefficient, the unit of its rate. */
export function adamOf(faces: readonly FaceVariables[], rates: Rates, ambients: readonly number[]): Adam {
  const names = ['rotation', 'translation', 'identity', 'blendshapes', 'albedo', 'tint'] as const;
  return new Adam(
    [
      ...names.flatMap((name) => distinct(faces, name).map((cell) => ({ params: [cell], lr: rates[name] }))),
      ...faces.map(({ light }, k) => ({ params: [light], lr: rates.light * ambients[k] })),
    ],
    { betas: [0.9, 0.99] },
  );
}

/** Sets all rates of an optimiser to a fraction of what they were at first. */
export function scaleRates(adam: Adam, first: readonly number[], factor: number): void {
  adam.groups.forEach((group, k) => (group.lr = first[k] * factor));
}
