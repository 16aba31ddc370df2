import { concat, GradientError, isFinite, isNaN, realize, type Tensor } from '@chiaro/tensor';
import { activeTrace, inScope, isFloat, make, nodeObserver, userLine, type Node } from '@chiaro/tensor/engine';
import { noGrad } from './noGrad.js';
import { describe, differentiating } from './walk.js';

/** Options of `detectAnomaly`. */
export interface AnomalyOptions {
  /** Infinities are reported too (true), or only NaN. */
  readonly infinity?: boolean;
}

/** A node that the function made. */
interface Made {
  readonly node: Node;
  /** Kept here: a node that has been computed forgets them. */
  readonly inputs: readonly Node[];
  /** The node that was being differentiated. */
  readonly of: Node | undefined;
}

/** Nodes that are computed and looked at together. */
const batch = 32;

/**
 * Runs a synchronous function, then computes every intermediate result of it, in the order in which the function made
 * them, and rejects with the first that holds NaN or an infinity: what made it, forward or in whose backward, on which
 * line of user code, from what inputs. Slow and memory-hungry: for finding out, not for training.
 *
 * @example await detectAnomaly(() => loss(w).backward());
 */
export async function detectAnomaly<R>(
  fn: () => R extends PromiseLike<unknown> ? never : R,
  { infinity = true }: AnomalyOptions = {},
): Promise<R> {
  if (activeTrace())
    throw new GradientError('detectAnomaly cannot look into a function that is being compiled; run it uncompiled');
  const made: Made[] = [];
  const outer = nodeObserver.made;
  nodeObserver.made = (node) => {
    outer?.(node);
    node.site ??= userLine();
    node.retain();
    made.push({ node, inputs: node.inputs, of: differentiating.node });
  };
  try {
    const result = inScope<R>(
      { name: 'detectAnomaly', made: undefined, noReading: 'it looks at the elements when the function is done' },
      fn,
    );
    nodeObserver.made = outer;
    const values = made.filter(
      ({ node }) => isFloat(node.dtype) && !node.is('program') && !node.is('scalar') && node.shape.every((n) => n > 0),
    );
    for (let i = 0; i < values.length; i += batch) await look(values.slice(i, i + batch), infinity);
    return result;
  } finally {
    nodeObserver.made = outer;
    made.forEach(({ node }) => node.release());
  }
}

async function look(values: readonly Made[], infinity: boolean): Promise<void> {
  const tensors = values.map(({ node }) => make(node));
  await realize(...tensors);
  const flags = noGrad(() =>
    concat(tensors.map((t) => (infinity ? isFinite(t).logicalNot() : isNaN(t)).any().to('int32').reshape([1]))),
  );
  const bad = (await flags.data()).findIndex((f) => f !== 0);
  if (bad < 0) return;
  const { node, inputs: from, of } = values[bad]!;
  const data = await tensors[bad]!.data();
  const at = data.findIndex((x) => (infinity ? !Number.isFinite(x) : Number.isNaN(x)));
  const inputs = await Promise.all(from.filter((n) => isFloat(n.dtype)).map((n) => range(make(n))));
  const what = of ? `the backward of ${describe(of)}` : describe(node);
  throw new GradientError(
    `${what} gave ${String(data[at])} first (element ${at}${of ? ` of ${describe(node)}` : ''})` +
      (inputs.length > 0 ? `, from inputs ${inputs.join('; ')}` : ''),
  );
}

/** Shape and range of a tensor's elements. */
async function range(t: Tensor): Promise<string> {
  const data = await t.data();
  let [low, high] = [Infinity, -Infinity];
  for (const x of data) [low, high] = [Math.min(low, x), Math.max(high, x)];
  return `[${t.shape.join(', ')}] in ${low} to ${high}`;
}
