import { GradientError, onesLike, ShapeError, type Tensor } from '@chiaro/tensor';
import { isFloat, live, sameShape, showShape, type Node } from '@chiaro/tensor/engine';
import { addGradient, ownerOf } from './gradientStore.js';
import { runHooks } from './hooks.js';
import { walkBack } from './walk.js';

/** Options of `backward`. */
export interface BackwardOptions {
  /** Keep the graph, so that another backward can go through it. */
  readonly retainGraph?: boolean;
  /** Make gradients that can be differentiated again; keeps the graph too. */
  readonly createGraph?: boolean;
}

/**
 * Adds the gradient of `y` with respect to every leaf that requires one (parameters, and tensors after
 * `requiresGrad_()`) to the leaf's `.grad`.
 *
 * @param seed gradient of what comes after y: needed unless y has one element, which counts once.
 * @throws GradientError when nothing requires a gradient, the graph was freed, or a parameter on the way was assigned.
 */
export function backward(y: Tensor, seed?: Tensor, options: BackwardOptions = {}): void {
  const node = live(y, 'backward');
  const { createGraph = false, retainGraph = createGraph } = options;
  expectDifferentiable('backward', node);
  const { grads, order } = walkBack([node], [seedOf('backward', y, seed)], {
    isTarget: (n) => n.leaf,
    createGraph,
    arrived: runHooks,
  });
  for (const leaf of grads.keys()) expectCurrent(leaf);
  for (const [leaf, grad] of grads) {
    const owner = ownerOf(leaf);
    if (owner) addGradient(owner, grad);
    else grad.dispose();
  }
  if (!retainGraph) for (const n of order) if (!n.leaf) n.free();
}

/** The gradient to start from. */
export function seedOf(op: string, y: Tensor, seed: Tensor | undefined): Tensor {
  if (!seed) {
    if (y.size === 1) return onesLike(y);
    throw new GradientError(
      `${op}: a tensor of shape ${showShape(y.shape)} is not one number; reduce it (sum, mean) or give the gradient of what follows as seed`,
    );
  }
  if (sameShape(seed.shape, y.shape)) return seed;
  throw new ShapeError(
    `${op}: the seed has shape ${showShape(seed.shape)}, the tensor ${showShape(y.shape)}; they must be equal`,
  );
}

function expectDifferentiable(op: string, node: Node): void {
  if (node.requiresGrad) return;
  throw new GradientError(
    isFloat(node.dtype)
      ? `${op}: this tensor does not depend on anything that requires a gradient: it was made without parameters, by detach(), ` +
          'inside noGrad, or by a compiled function'
      : `${op}: a ${node.dtype} tensor has no gradient`,
  );
}

/** A cell that was assigned since the graph was built holds another value than the derivative is for. */
function expectCurrent(leaf: Node): void {
  const owner = leaf.version && ownerOf(leaf);
  const now = owner?.node.version;
  if (!owner || now === leaf.version) return;
  throw new GradientError(
    `backward: the graph used version ${leaf.version!.number} of ${owner.toString()}, which has been assigned since and is at ` +
      `version ${now!.number}; call backward before assign, or compute the value again`,
  );
}
