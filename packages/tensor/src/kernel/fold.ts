import type { Graph, ScalarType, Value } from '../expr/index.js';
import type { ReduceOp } from '../graph/primitive.js';

/** The value that leaves the other operand as it is. */
export function identityOf(op: ReduceOp, type: ScalarType): { type: 'f32' | 'i32' | 'u32'; value: number } {
  const number = type === 'bool' ? 'u32' : type;
  if (op === 'sum') return { type: number, value: 0 };
  if (op === 'prod') return { type: number, value: 1 };
  const lowest = number === 'f32' ? -Infinity : number === 'i32' ? -(2 ** 31) : 0;
  const highest = number === 'f32' ? Infinity : number === 'i32' ? 2 ** 31 - 1 : 2 ** 32 - 1;
  return { type: number, value: op === 'max' ? lowest : highest };
}

/** One step of a reduction; max and min of reals propagate NaN, as PyTorch's do. */
export function combine(g: Graph, op: ReduceOp, a: Value, b: Value): Value {
  if (op === 'sum') return g.apply('add', a, b);
  if (op === 'prod') return g.apply('mul', a, b);
  const extreme = g.apply(op, a, b);
  if (a.type !== 'f32') return extreme;
  return g.apply('select', extreme, g.apply('add', a, b), g.apply('or', g.apply('isnan', a), g.apply('isnan', b)));
}
