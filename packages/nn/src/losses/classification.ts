import { ChiaroError, elementwise, expr, gather, ShapeError, type Tensor } from '../engine.js';
import { reduced, sameShape, type LossOptions } from './difference.js';

const logistic = expr`
  // log(1 + e^x) - x t without overflow
  fn logistic_loss(x: f32, t: f32) -> f32 { return max(x, 0.0) - x * t + log1p(exp(-abs(x))); }`;
const entropy = expr`
  // PyTorch bounds the logarithms at -100, so that a sure and wrong answer costs 100 and not infinity
  fn entropy_loss(p: f32, t: f32) -> f32 { return -(t * max(log(p), -100.0) + (1.0 - t) * max(log1p(-p), -100.0)); }`;

/**
 * Cross entropy of classes, minus the logarithm of the probability that softmax over dimension 1 gives the true one.
 * `labelSmoothing`, in [0, 1), is the share of the target that is spread over all classes (Szegedy et al. 2016): 0.
 * @param logits [B, K, ...]
 * @param classes int32 [B, ...], in [0, K)
 */
export function crossEntropy(
  logits: Tensor,
  classes: Tensor,
  { labelSmoothing = 0, ...options }: LossOptions & { readonly labelSmoothing?: number } = {},
): Tensor {
  const rest = logits.shape.filter((_, d) => d !== 1);
  if (logits.rank < 2 || rest.length !== classes.rank || rest.some((n, d) => n !== classes.shape[d])) {
    throw new ShapeError(
      `crossEntropy: logits [${logits.shape.join(', ')}] must be [B, K, ...] and classes [B, ...], got [${classes.shape.join(', ')}]`,
    );
  }
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new ChiaroError(`crossEntropy: labelSmoothing must lie in [0, 1), got ${labelSmoothing}`);
  }
  const logProbabilities = logits.logSoftmax(1);
  const own = gather(logProbabilities, 1, classes.unsqueeze(1)).squeeze(1).neg();
  if (labelSmoothing === 0) return reduced(own, options);
  const all = logProbabilities.mean(1).neg();
  return reduced(own.mul(1 - labelSmoothing).add(all.mul(labelSmoothing)), options);
}

/** Cross entropy of probabilities sigmoid(logits) against targets in [0, 1], elementwise; without overflow. */
export function binaryCrossEntropyWithLogits(logits: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  sameShape('binaryCrossEntropyWithLogits', logits, target);
  return reduced(elementwise(logistic, logits, target), options);
}

/** Cross entropy of probabilities in [0, 1] against targets in [0, 1], elementwise; logarithms end at -100 as in PyTorch. */
export function binaryCrossEntropy(probabilities: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  sameShape('binaryCrossEntropy', probabilities, target);
  return reduced(elementwise(entropy, probabilities, target), options);
}
