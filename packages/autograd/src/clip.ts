import { maximum, sqrt, tensor, type Tensor } from '@chiaro/tensor';
import { noGrad } from './noGrad.js';

/**
 * Scales the gradients of parameters together so that their common Euclidean norm is at most `limit` (Pascanu et al.
 * 2013), as PyTorch's `clip_grad_norm_`. Gives the norm before.
 */
export function clipGradNorm(parameters: readonly Tensor[], limit: number): Tensor {
  return noGrad(() => {
    const having = parameters.filter((p) => p.grad !== null);
    const squares = having.map((p) => p.grad!.square().sum());
    const norm = squares.length === 0 ? tensor(0) : sqrt(squares.reduce((a, b) => a.add(b)));
    const factor = tensor(limit).div(maximum(norm.add(1e-6), limit));
    for (const p of having) p.grad = p.grad!.mul(factor);
    return norm;
  });
}

/** Limits every element of the gradients to [-limit, limit], as PyTorch's `clip_grad_value_`. */
export function clipGradValue(parameters: readonly Tensor[], limit: number): void {
  noGrad(() => {
    for (const p of parameters) if (p.grad) p.grad = p.grad.clamp(-limit, limit);
  });
}
