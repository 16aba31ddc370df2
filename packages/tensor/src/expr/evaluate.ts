import { DTypeError } from '../errors.js';
import { emitFunction } from './emit/function.js';
import { js, jsLibrary } from './emit/js.js';
import type { ExprFunction } from './function.js';
import { loopOf, slotOf } from './ir.js';
import type { Value } from './ir.js';
import { bitcastNumber, convertNumber, ops } from './ops.js';

/**
 * The function's value: one number per component in and out, f32 in float64, integers exact, booleans as 0 and 1.
 * `round` is applied to every f32 that is computed: with Math.fround this is what single precision gives.
 */
export function evaluate(fn: ExprFunction, args: readonly number[], round = (x: number): number => x): number[] {
  const values: number[] = [];
  const finals: number[][] = [];
  fn.inputs.forEach(
    (v, k) => (values[v.id] = v.type === 'f32' ? round(args[k]) : convertNumber(args[k], v.type, v.type)),
  );
  const run = (order: readonly Value[]): void => {
    for (const v of order) if (v.op !== 'input') values[v.id] = v.type === 'f32' ? round(compute(v)) : compute(v);
  };
  const loop = (v: Value): number => {
    const { index, state, results, body } = loopOf(v);
    const count = values[v.args[0].id];
    let now = state.map((_, k) => values[v.args[k + 1].id]);
    for (let i = 0; i < count; i++) {
      values[index.id] = i;
      state.forEach((s, k) => (values[s.id] = now[k]));
      run(body);
      now = results.map((r) => values[r.id]);
    }
    finals[v.id] = now;
    return 0;
  };
  const compute = (v: Value): number => {
    const [a, b, c] = v.args;
    switch (v.op) {
      case 'literal':
        return v.attr as number;
      case 'convert':
        return convertNumber(values[a.id], a.type, v.type);
      case 'bitcast':
        return bitcastNumber(values[a.id], a.type, v.type);
      case 'loop':
        return loop(v);
      case 'item':
        return finals[a.id][slotOf(v)];
      case 'input':
      case 'extern':
      case 'bound':
        throw new DTypeError(`${fn.name} cannot be evaluated by itself: it refers to something outside (${v.op})`);
      default:
        return ops[v.op].evaluate[a.type](values[a.id], b && values[b.id], c && values[c.id]);
    }
  };
  run(fn.order);
  return fn.outputs.map((v) => values[v.id]);
}

/** The function compiled to JavaScript: the values of `evaluate`, much faster. Needs a page that allows `new Function`. */
export function compileToJS(fn: ExprFunction): (...args: number[]) => number[] {
  const { text } = emitFunction(fn, js, 'compiled');
  return (
    new Function('$', `'use strict';\n${text}return compiled;`) as (
      library: typeof jsLibrary,
    ) => (...args: number[]) => number[]
  )(jsLibrary);
}
