import type { ExprFunction, Value } from '../expr/index.js';
import type { Node } from '../graph/node.js';

/** Operations that cost many instructions or a call of our own accurate functions. */
const dear = new Set(
  'exp exp2 log log2 log1p expm1 pow sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf loop'.split(
    ' ',
  ),
);
const dearCost = 12;
const loadCost = 2;
/** What a value may cost to be computed again by every kernel that uses it instead of being stored. */
export const cheap = 6;

const costs = new WeakMap<ExprFunction, number>();

/** Rough cost of one evaluation of an expression, in simple operations. */
function expressionCost(fn: ExprFunction): number {
  let cost = costs.get(fn);
  if (cost === undefined) costs.set(fn, (cost = costOf(fn.outputs)));
  return cost;
}

/** Rough cost of computing values once, in simple operations. */
export function costOf(values: readonly Value[]): number {
  const seen = new Set<Value>();
  const pending: Value[] = [...values];
  let cost = 0;
  for (let v = pending.pop(); v; v = pending.pop()) {
    if (seen.has(v)) continue;
    seen.add(v);
    if (v.op === 'extern') cost += loadCost;
    else if (v.args.length > 0) cost += dear.has(v.op) ? dearCost : 1;
    pending.push(...v.args);
  }
  return cost;
}

/** Cost of computing one element of `node` in place; `isStored` nodes cost one load. Stops counting when dear. */
export function inlineCost(node: Node, isStored: (node: Node) => boolean, memo: Map<Node, number>): number {
  if (node.is('scalar') || node.is('argument') || node.is('iota')) return 0;
  if (isStored(node)) return loadCost;
  let cost = memo.get(node);
  if (cost === undefined) {
    cost = node.is('elementwise') ? expressionCost(node.attrs.fn) : node.is('gather') ? loadCost : 0;
    for (const input of node.inputs) cost = Math.min(cost + inlineCost(input, isStored, memo), 1e6);
    memo.set(node, cost);
  }
  return cost;
}
