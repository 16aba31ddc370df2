import { evaluateNodes, toHostArray } from '../../device/reference.js';
import { ulpAt } from '../../expr/stdlib/tolerances.js';
import type { Node } from '../../graph/node.js';
import { fromData } from '../nodes.js';
import * as library from '../../index.js';
import type { HostArray } from '../../kernel/dispatch.js';
import { Draw, Input, type DrawOptions } from './draw.js';
import type { HostTensor } from './host.js';
import type { Argument, Operation } from './operation.js';

/** One sample of an operation with what it must give. */
export interface Sample {
  readonly operation: Operation;
  readonly args: readonly Argument[];
  readonly expected: readonly HostTensor[];
  /** How to get the same sample again. */
  readonly seed: number;
}

/** Mixes a seed with a name and a number. */
export function seedFor(seed: number, name: string, index: number): number {
  let h = seed | 0;
  for (const c of `${name} ${index}`) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193) ^ (h >>> 15);
  return h;
}

/** What CHIARO_SEED says, or a new number; print it. */
export function testSeed(environment: Readonly<Record<string, string | undefined>>): number {
  return Number(environment['CHIARO_SEED'] ?? Math.floor(Date.now() % 1e9));
}

/** A sample of an operation. */
export function sampleOf(operation: Operation, seed: number, options: DrawOptions): Sample {
  const args = operation.sample(new Draw(seed, options));
  return { operation, args, expected: operation.reference(args.map(hostArgument)), seed };
}

const isInputs = (a: Argument): a is readonly Input[] =>
  Array.isArray(a) && a.length > 0 && a.every((v) => v instanceof Input);

const hostArgument = (a: Argument): unknown => (a instanceof Input ? a.value : isInputs(a) ? a.map((i) => i.value) : a);

/** The call of a sample: its results, and the elements of the leaves that it made. */
export interface BuiltCall {
  readonly outputs: readonly library.Tensor[];
  readonly leaves: ReadonlyMap<Node, HostArray>;
}

/** Calls a sample's operation, as a function or as a method. */
export function buildCall({ operation, args }: Sample, asMethod = false): BuiltCall {
  const leaves = new Map<Node, HostArray>();
  const tensorOf = (input: Input): library.Tensor => {
    const base = fromData(input.base.data, input.base.shape, input.base.dtype);
    leaves.set(base.node, toHostArray(input.base.data, input.base.dtype));
    return input.view(base);
  };
  const given = args.map((a) => (a instanceof Input ? tensorOf(a) : isInputs(a) ? a.map(tensorOf) : a));
  const owner = (asMethod ? given[operation.receiver] : library) as Record<string, (...args: unknown[]) => unknown>;
  const passed = asMethod ? given.filter((_, k) => k !== operation.receiver) : given;
  const result = owner[operation.name]!(...passed);
  const outputs = result instanceof library.Tensor ? [result] : (Object.values(result as object) as library.Tensor[]);
  return { outputs, leaves };
}

/** True for a sample whose operation is a method of one of its tensors. */
export const hasMethod = ({ operation, args }: Sample): boolean =>
  args[operation.receiver] instanceof Input && operation.name in library.Tensor.prototype;

/** Results of a call on the reference device. */
export function onReference({ outputs, leaves }: BuiltCall, fusion: boolean): HostArray[] {
  const leaf = (node: Node): HostArray => leaves.get(node) ?? toHostArray(node.data!, node.dtype);
  return evaluateNodes(
    outputs.map((o) => o.node),
    leaf,
    { fusion },
  );
}

/** Why results are not what a sample must give; undefined if they are. */
export function mismatch(
  sample: Sample,
  outputs: readonly library.Tensor[],
  results: readonly ArrayLike<number>[],
  allowed: (size: number, expected: HostTensor) => number,
): string | undefined {
  const { operation, args, expected } = sample;
  const say = (what: string): string =>
    `${operation.name}(${args.map(show).join(', ')})\n  (sample seed ${sample.seed}): ${what}`;
  if (outputs.length !== expected.length) return say(`${outputs.length} results instead of ${expected.length}`);
  for (const [k, want] of expected.entries()) {
    const { shape, dtype } = outputs[k]!;
    if (dtype !== want.dtype) return say(`dtype ${dtype}, expected ${want.dtype}`);
    if (shape.join() !== want.shape.join()) return say(`shape [${shape.join()}], expected [${want.shape.join()}]`);
    const got = results[k]!;
    if (got.length !== want.data.length) return say(`${got.length} elements, expected ${want.data.length}`);
    for (const [i, exact] of want.data.entries()) {
      const size = Math.max(Math.abs(exact), want.scale?.[i] ?? 0);
      if (dtype === 'float16' && Math.abs(exact) >= 65520 && got[i] === Math.sign(exact) * Infinity) continue;
      if (Object.is(got[i], exact) || got[i] === exact || got[i] === Math.fround(exact)) continue;
      const error = Math.abs(got[i]! - exact);
      if (error <= allowed(size, want)) continue;
      return say(`result ${k}, element ${i} is ${got[i]}, expected ${exact} (error ${error})`);
    }
  }
  return undefined;
}

/** Error that float64 may make where the table is right and rounding differs. */
export const float64Error =
  ({ operation }: Sample) =>
  (size: number): number =>
    1e-12 * (size + (operation.tolerance.absolute === undefined ? 0 : 1));

/** Error that a GPU may make. Results below the smallest normal number are not specified. */
export const gpuError =
  ({ operation }: Sample) =>
  (size: number, { dtype }: HostTensor): number => {
    const { ulp, absolute = 0 } = operation.tolerance;
    if (dtype !== 'float32' && dtype !== 'float16') return 0;
    const half = dtype === 'float16' ? size * 2 ** -11 * (1 + 2 ** -9) + 2 ** -24 : 0;
    return ulp * ulpAt(size) + absolute + half + 1.2e-38;
  };

function show(a: Argument): string {
  if (a instanceof Input) return a.toString();
  if (isInputs(a)) return `[${a.map(show).join('; ')}]`;
  if (typeof a === 'object' && a !== null && 'source' in a && 'name' in a) return String(a.name);
  return a === undefined ? 'undefined' : JSON.stringify(a);
}
