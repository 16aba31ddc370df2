import { Cell, GradientError, ShapeError, type Tensor } from '@chiaro/tensor';
import { activeTrace, keepTensor, sameShape, showShape, type Node, type Trace } from '@chiaro/tensor/engine';

/** Gradients outside of compiled functions, by the tensor that they belong to. */
const stored = new WeakMap<Tensor, Tensor>();

/** Which tensor a leaf that is not a cell belongs to. */
const owners = new WeakMap<Node, WeakRef<Tensor>>();

/** Says that gradients that arrive at `node` belong to `tensor`. */
export const own = (node: Node, tensor: Tensor): void => void owners.set(node, new WeakRef(tensor));

/** The tensor that a leaf belongs to, if it still lives. */
export function ownerOf(leaf: Node): Tensor | undefined {
  const owner = leaf.version?.cell.deref() ?? owners.get(leaf)?.deref();
  return owner as Tensor | undefined;
}

/** Gradients while a function is being recorded: they begin empty, whatever is set outside. */
class TracedGradients {
  readonly values = new Map<Tensor, Tensor | undefined>();
  /** Tensors whose gradient the function has looked at or replaced: it must not be set when a call begins. */
  readonly #exclusive = new Set<Tensor>();

  constructor(trace: Trace) {
    trace.endings.push(() => this.#end(trace));
    trace.checks.push(() => this.#exclusive.forEach(assertUnset));
  }

  claim(t: Tensor): void {
    if (this.#exclusive.has(t)) return;
    assertUnset(t);
    this.#exclusive.add(t);
  }

  /** Gradients that the function leaves set are added to those outside, at every call. */
  #end(trace: Trace): void {
    for (const [t, tensor] of this.values) {
      if (!tensor) continue;
      if (!(t instanceof Cell)) {
        throw new GradientError(
          'compile: a tensor that is not a Parameter still has a .grad when the function ends, and would lose it; ' +
            'return t.grad from the function, or set it to null',
        );
      }
      const target = new WeakRef(t);
      const deliver = (grad: Tensor): void => {
        const owner = target.deref();
        if (owner) addGradient(owner, grad);
      };
      trace.extras.push({ tensor, deliver });
    }
  }
}

function assertUnset(t: Tensor): void {
  if (!stored.has(t)) return;
  throw new GradientError(
    `compile: a compiled function uses the .grad of ${t.toString()}, but one was already set outside of it; ` +
      'set it to null before the call, or pass it as an argument',
  );
}

const traced = new WeakMap<Trace, TracedGradients>();

function tracedGradients(): TracedGradients | undefined {
  const trace = activeTrace();
  if (!trace) return undefined;
  let gradients = traced.get(trace);
  if (!gradients) traced.set(trace, (gradients = new TracedGradients(trace)));
  return gradients;
}

/** The accumulated gradient of a tensor. */
export function gradientOf(t: Tensor): Tensor | null {
  const inside = tracedGradients();
  if (!inside) return stored.get(t) ?? null;
  inside.claim(t);
  return inside.values.get(t) ?? null;
}

/** Replaces the gradient of a tensor; null removes it. */
export function setGradient(t: Tensor, grad: Tensor | null): void {
  if (grad && !sameShape(grad.shape, t.shape)) {
    throw new ShapeError(
      `grad: a gradient of shape ${showShape(grad.shape)} does not fit a tensor of shape ${showShape(t.shape)}`,
    );
  }
  if (grad) keepTensor(grad);
  const inside = tracedGradients();
  if (inside) {
    inside.claim(t);
    inside.values.set(t, grad ?? undefined);
  } else if (grad) stored.set(t, grad);
  else stored.delete(t);
}

/** Adds to the gradient of a tensor. */
export function addGradient(t: Tensor, grad: Tensor): void {
  const inside = tracedGradients();
  const before = inside ? inside.values.get(t) : stored.get(t);
  const sum = before ? before.add(grad) : grad;
  keepTensor(sum);
  if (inside) inside.values.set(t, sum);
  else stored.set(t, sum);
}
