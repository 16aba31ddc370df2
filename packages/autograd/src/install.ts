import { Cell, GradientError, Tensor } from '@chiaro/tensor';
import { activeTrace, aliasNode, isFloat, live } from '@chiaro/tensor/engine';
import { backward, type BackwardOptions } from './backward.js';
import { gradientOf, own, setGradient } from './gradientStore.js';
import { registerHook, type GradientHook } from './hooks.js';

/** What this package adds to every tensor. */
export interface TensorGradients {
  /**
   * The gradient that `backward` has accumulated for this leaf, or null. Set it to null between steps. In a compiled
   * function gradients begin as null; those still set at its end are added to the parameters' at every call.
   */
  grad: Tensor | null;
  /** Gradients of every leaf below this tensor are added to their `.grad`; see `backward`. */
  backward(seed?: Tensor, options?: BackwardOptions): void;
  /** Makes the tensor a leaf that gradients are collected for (or, with false, one that they ignore). */
  requiresGrad_(requires?: boolean): this;
  /** Sees, and may replace, the tensor's gradient in every backward that reaches it. */
  registerHook(hook: GradientHook): { remove(): void };
  /** Keeps the gradient of a tensor that is not a leaf in its `.grad` as well. */
  retainGrad(): this;
}

// the module that declares the class: through a re-export only half of it would be merged
declare module '@chiaro/tensor/tensor' {
  interface Tensor extends TensorGradients {}
}

function requiresGrad_(this: Tensor, requires = true): Tensor {
  const node = live(this, 'requiresGrad_');
  if (requires && !isFloat(this.dtype)) {
    throw new GradientError(`requiresGrad_: a ${this.dtype} tensor has no gradient; convert with .to('float32')`);
  }
  if (this instanceof Cell) {
    if (activeTrace()) throw new GradientError('requiresGrad_: a cell cannot change inside a compiled function');
    this.current.requiresGrad = requires;
    return this;
  }
  if (node.requiresGrad === requires) return this;
  if (!requires && !node.leaf) {
    throw new GradientError(
      'requiresGrad_(false): this tensor was computed from others that require a gradient; use detach()',
    );
  }
  const leaf = aliasNode(node, requires);
  leaf.leaf = true;
  own(leaf, this);
  this.replaceNode(leaf);
  return this;
}

function retainGrad(this: Tensor): Tensor {
  const target = new WeakRef(this);
  if (!this.node.leaf) {
    registerHook(this, (grad) => {
      const t = target.deref();
      if (t) setGradient(t, grad);
      return undefined;
    });
  }
  return this;
}

const method = (value: unknown): PropertyDescriptor => ({ configurable: true, writable: true, value });

Object.defineProperties(Tensor.prototype, {
  grad: {
    configurable: true,
    get(this: Tensor) {
      return gradientOf(this);
    },
    set(this: Tensor, grad: Tensor | null) {
      setGradient(this, grad);
    },
  },
  backward: method(function (this: Tensor, seed?: Tensor, options?: BackwardOptions) {
    backward(this, seed, options);
  }),
  requiresGrad_: method(requiresGrad_),
  registerHook: method(function (this: Tensor, hook: GradientHook) {
    return registerHook(this, hook);
  }),
  retainGrad: method(retainGrad),
});
