import { ShapeError, type Tensor } from '@chiaro/tensor';
import { sameShape, showShape, type Node } from '@chiaro/tensor/engine';
import { ownerOf } from './gradientStore.js';

/** Sees the complete gradient of a tensor during backward; a tensor that it returns replaces it. */
export type GradientHook = (grad: Tensor) => Tensor | undefined;

const ofNodes = new WeakMap<Node, Set<GradientHook>>();
const ofCells = new WeakMap<object, Set<GradientHook>>();

/** Registers a hook; the result removes it. Hooks of cells stay over assignments. */
export function registerHook(t: Tensor, hook: GradientHook): { remove(): void } {
  const { node } = t;
  const [table, key] = node.version ? [ofCells, t as object] : [ofNodes, node];
  let hooks = (table as WeakMap<object, Set<GradientHook>>).get(key);
  if (!hooks) (table as WeakMap<object, Set<GradientHook>>).set(key, (hooks = new Set()));
  hooks.add(hook);
  return { remove: () => void hooks.delete(hook) };
}

/** The gradient of a node after its hooks. */
export function runHooks(node: Node, grad: Tensor): Tensor {
  const owner = node.version && ownerOf(node);
  const hooks = owner ? ofCells.get(owner) : ofNodes.get(node);
  let result = grad;
  for (const hook of hooks ?? []) {
    const given = hook(result) ?? undefined;
    if (!given) continue;
    if (!sameShape(given.shape, grad.shape)) {
      throw new ShapeError(
        `a gradient hook returned shape ${showShape(given.shape)} for a gradient of shape ${showShape(grad.shape)}`,
      );
    }
    result = given;
  }
  return result;
}
