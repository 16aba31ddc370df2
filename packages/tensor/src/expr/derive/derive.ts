import { GradientError } from '../../errors.js';
import { Copier } from '../copy.js';
import { inputsOf, makeFunction } from '../function.js';
import type { ExprFunction, Param } from '../function.js';
import { Graph, inputKey } from '../ir.js';
import type { Value } from '../ir.js';
import type { ValueType } from '../types.js';
import { Forward } from './forward.js';
import { settle } from './linear.js';
import type { Linear } from './linear.js';
import { Reverse } from './reverse.js';

/**
 * Forward derivative with respect to the scalar inputs that `wrt` marks. Parameters: those of the function, then one
 * f32 tangent per marked input. Result: the tangents of its f32 outputs, in order (f32, or a struct of several).
 */
export function jvp(fn: ExprFunction, wrt: readonly boolean[]): ExprFunction {
  return remember(fn, wrt, 'jvp', () => {
    const graph = new Graph();
    const marked = fn.inputs.filter((_, k) => wrt[k]);
    const params = withReals(
      fn,
      marked.map((v) => `d_${label(v)}`),
    );
    const inputs = inputsOf(graph, params);
    const copier = seeded(graph, fn, inputs);
    const forward = new Forward(copier);
    marked.forEach((v, k) => (forward.tangents[v.id] = { value: inputs[fn.inputs.length + k] }));
    forward.run(fn.order);
    const outputs = fn.outputs.filter((v) => v.type === 'f32').map((v) => settle(graph, forward.tangents[v.id]));
    const result = several(`${fn.name}_tangents`, numbered('d_out', outputs.length));
    return makeFunction({ name: `${fn.name}_jvp`, params, result }, graph, inputs, outputs);
  });
}

/**
 * Reverse derivative with respect to the scalar inputs that `wrt` marks. Parameters: those of the function, then one
 * f32 cotangent per f32 output. Result: the gradients of the marked inputs, in order (f32, or a struct of several).
 * Forward values are computed again, as far as the marked inputs' gradients need them.
 */
export function vjp(fn: ExprFunction, wrt: readonly boolean[]): ExprFunction {
  return remember(fn, wrt, 'vjp', () => {
    const graph = new Graph();
    const real = fn.outputs.filter((v) => v.type === 'f32');
    const marked = fn.inputs.filter((_, k) => wrt[k]);
    const params = withReals(fn, numbered('g_out', real.length));
    const inputs = inputsOf(graph, params);
    const copier = seeded(graph, fn, inputs);
    copier.run(fn.order);
    const adjoints = new Map<Value, Linear>();
    real.forEach((v, k) => {
      const value = inputs[fn.inputs.length + k];
      const before = adjoints.get(v)?.value;
      adjoints.set(v, { value: before === undefined ? value : graph.apply('add', before, value) });
    });
    new Reverse(copier, new Set(marked)).run(fn.order, adjoints);
    const outputs = marked.map((v) => settle(graph, adjoints.get(v)));
    const result = several(
      `${fn.name}_gradients`,
      marked.map((v) => `d_${label(v)}`),
    );
    return makeFunction({ name: `${fn.name}_vjp`, params, result }, graph, inputs, outputs);
  });
}

const cache = new WeakMap<ExprFunction, Map<string, ExprFunction>>();

function remember(fn: ExprFunction, wrt: readonly boolean[], mode: string, make: () => ExprFunction): ExprFunction {
  let all = cache.get(fn);
  if (all === undefined) cache.set(fn, (all = new Map()));
  const key = mode + wrt.map(Number).join('');
  let derived = all.get(key);
  if (derived === undefined) {
    check(fn, wrt);
    all.set(key, (derived = make()));
  }
  return derived;
}

function check(fn: ExprFunction, wrt: readonly boolean[]): void {
  if (wrt.length !== fn.inputs.length) {
    throw new GradientError(
      `${fn.name} has ${fn.inputs.length} scalar inputs, but ${wrt.length} marks say which to derive by`,
    );
  }
  const odd = fn.inputs.find((v, k) => wrt[k] && v.type !== 'f32');
  if (odd)
    throw new GradientError(`${fn.name} cannot be derived by ${label(odd)}: it is ${odd.type}, only f32 has gradients`);
}

const label = (v: Value): string => String(inputKey(v)).replaceAll('.', '_');

const numbered = (stem: string, count: number): string[] =>
  count === 1 ? [stem] : Array.from({ length: count }, (_, k) => `${stem}_${k}`);

/** The function's parameters and f32 ones of the given names (or nearly, where a name is taken). */
function withReals(fn: ExprFunction, names: readonly string[]): Param[] {
  const params = [...fn.params];
  for (const wanted of names) {
    let name = wanted;
    for (const taken = new Set(params.map((p) => p.name)); taken.has(name);) name += '_';
    params.push({ name, type: 'f32' });
  }
  return params;
}

function seeded(graph: Graph, fn: ExprFunction, inputs: readonly Value[]): Copier {
  const copier = new Copier(graph);
  fn.inputs.forEach((v, k) => (copier.memo[v.id] = inputs[k]));
  return copier;
}

function several(name: string, members: readonly string[]): ValueType {
  return members.length === 1 ? 'f32' : { name, members: members.map((m) => ({ name: m, type: 'f32' })) };
}
