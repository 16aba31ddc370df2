import { ChiaroError, mapTree, Tensor } from '../engine.js';

let active = false;

/**
 * Runs a forward pass with activations in float16: inside, convolutions and linear layers store their inputs, weights and
 * results as halves and sum in float32; norms and softmax compute in float32 and store halves. Parameters stay float32. What
 * is returned is float32 again, for losses. Gradients of activations are halves, too, and small ones would be 0: multiply the
 * loss by a `GradScaler`'s scale.
 * @param forward a synchronous function that gives a tensor, or a tree of tensors.
 * @throws ChiaroError for an asynchronous function, whose later part would run outside.
 *
 * @example
 * const loss = crossEntropy(autocast(() => net.forward(images)), labels);
 * scaler.scale(loss).backward();
 * scaler.step(adam);
 * adam.zeroGrad();
 */
export function autocast<T>(forward: () => T): T {
  const before = active;
  active = true;
  try {
    const result = forward();
    if (result instanceof Promise) {
      throw new ChiaroError('autocast: the function must be synchronous, got one that returns a promise');
    }
    return mapTree(result, (x) => (x instanceof Tensor && x.dtype === 'float16' ? x.to('float32') : x)) as T;
  } finally {
    active = before;
  }
}

/** A float32 tensor as layers with weights use it: float16 inside of `autocast`. */
export const stored = (x: Tensor): Tensor => (active && x.dtype === 'float32' ? x.to('float16') : x);

/** Computes in float32 what halves are too coarse for, and gives the dtype of x. */
export const inFloat32 = (x: Tensor, compute: (x: Tensor) => Tensor): Tensor =>
  x.dtype === 'float16' ? compute(x.to('float32')).to('float16') : compute(x);
