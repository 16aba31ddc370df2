import { ShapeError } from '../errors.js';
import { Copier, hasDeadStates } from './copy.js';
import { structuralKey } from './key.js';
import { Graph, reachable } from './ir.js';
import type { Value } from './ir.js';
import { componentsOf } from './types.js';
import type { ValueType } from './types.js';

/** A parameter of a function. */
export interface Param {
  readonly name: string;
  readonly type: ValueType;
}

/** A pure function of scalars, vectors and structs: what every expression, text or built, ends up as. */
export interface ExprFunction {
  readonly name: string;
  readonly params: readonly Param[];
  readonly result: ValueType;
  /** The graph that `inputs` and `outputs` live in. */
  readonly graph: Graph;
  /** One value per scalar component of all parameters, in order. */
  readonly inputs: readonly Value[];
  /** One value per scalar component of the result. */
  readonly outputs: readonly Value[];
  /** All values that the outputs need, inputs and literals included, in an order fit for computing. */
  readonly order: readonly Value[];
  /** The text that it was parsed from. */
  readonly source?: string;
  /** Stands for what the function computes: equal keys, equal functions, in every process. Names do not enter it. */
  readonly key: string;
}

/** What identifies a function apart from its values. */
export interface Signature {
  readonly name: string;
  readonly params: readonly Param[];
  readonly result: ValueType;
  readonly source?: string;
}

class BuiltFunction implements ExprFunction {
  readonly name: string;
  readonly params: readonly Param[];
  readonly result: ValueType;
  readonly source?: string;
  private orderCache: readonly Value[] | undefined;
  private keyCache: string | undefined;

  constructor(
    signature: Signature,
    readonly graph: Graph,
    readonly inputs: readonly Value[],
    readonly outputs: readonly Value[],
  ) {
    this.name = signature.name;
    this.params = signature.params;
    this.result = signature.result;
    if (signature.source !== undefined) this.source = signature.source;
  }

  get order(): readonly Value[] {
    return (this.orderCache ??= reachable(this.outputs));
  }

  get key(): string {
    return (this.keyCache ??= structuralKey(this.inputs, this.outputs, this.order));
  }
}

/** The inputs of a graph that stand for the components of `params`, in order. */
export function inputsOf(graph: Graph, params: readonly Param[]): Value[] {
  return params.flatMap((p) =>
    componentsOf(p.type).map(({ path, type }) => {
      const v = graph.input(type, p.name + path);
      v.hint ??= (p.name + path).replace(/\W/g, '_');
      return v;
    }),
  );
}

/** A function made of values that exist. States of loops that nobody reads are dropped. */
export function makeFunction(
  signature: Signature,
  graph: Graph,
  inputs: readonly Value[],
  outputs: readonly Value[],
): ExprFunction {
  const expected = componentsOf(signature.result);
  if (outputs.length !== expected.length || outputs.some((v, k) => v.type !== expected[k].type)) {
    const found = outputs.map((v) => v.type).join(', ');
    throw new ShapeError(`${signature.name}: the result needs ${expected.map((c) => c.type).join(', ')}, got ${found}`);
  }
  const draft = new BuiltFunction(signature, graph, inputs, outputs);
  if (!hasDeadStates(draft.order)) return draft;
  const clean = new Graph();
  const cleanInputs = inputsOf(clean, signature.params);
  return makeFunction(signature, clean, cleanInputs, inline(clean, draft, cleanInputs));
}

/** Makes a function with a builder: `body` gets one value per scalar component of the parameters. */
export function build(
  name: string,
  params: readonly Param[],
  result: ValueType,
  body: (g: Graph, ...inputs: Value[]) => Value | readonly Value[],
): ExprFunction {
  const graph = new Graph();
  const inputs = inputsOf(graph, params);
  const outputs = body(graph, ...inputs);
  return makeFunction({ name, params, result }, graph, inputs, Array.isArray(outputs) ? outputs : [outputs as Value]);
}

/** A call: the function's body on `args` (values of `graph`, one per scalar input), simplified anew. */
export function inline(graph: Graph, fn: ExprFunction, args: readonly Value[]): Value[] {
  const { inputs, outputs } = fn;
  if (args.length !== inputs.length || args.some((a, k) => a.type !== inputs[k].type)) {
    const found = args.map((a) => a.type).join(', ');
    throw new ShapeError(`${fn.name} takes ${inputs.map((v) => v.type).join(', ')} (one per component), got ${found}`);
  }
  const copier = new Copier(graph);
  for (let k = 0; k < inputs.length; k++) copier.memo[inputs[k].id] = args[k];
  copier.run(fn.order);
  return outputs.map((v) => copier.of(v));
}
