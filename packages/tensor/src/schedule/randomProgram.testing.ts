import { elementSteps, indexSteps, moveSteps, reduceSteps, type Maker } from './randomSteps.testing.js';
import { tensor, type Tensor } from '../index.js';
import { Draw } from '../ops/table/draw.js';

/**
 * A size by name: programs of one structure have other sizes under the same names, and what a step may do is decided
 * by names, so that all of them have the same kernels.
 */
export interface Dim {
  readonly name: string;
  readonly size: number;
  /** The sizes that it is the product of: a reshape may take them apart again. */
  readonly parts?: readonly Dim[];
}

/** A value of a program. */
export interface Value {
  readonly tensor: Tensor;
  readonly dims: readonly Dim[];
  /** No element is larger, and no intermediate result of it was larger than `peak`: what rounding is measured by. */
  readonly bound: number;
  readonly peak: number;
}

/** One step: what it makes from earlier values, and how a person would write it. */
export interface Step {
  readonly inputs: readonly number[];
  readonly apply: (...inputs: Tensor[]) => Tensor;
  readonly text: string;
}

/** A program: steps, and the values that are asked for. */
export interface RandomProgram {
  readonly steps: readonly Step[];
  readonly roots: readonly number[];
  /** The tensors of `roots`. */
  readonly tensors: readonly Tensor[];
  /** For every root, the largest intermediate result. */
  readonly peaks: readonly number[];
}

/** A program under construction: `structure` decides what is done, `values` the sizes and elements. */
export class Builder {
  readonly values: Value[] = [];
  readonly steps: Step[] = [];
  readonly sizes: readonly Dim[];

  constructor(
    readonly structure: Draw,
    readonly numbers: Draw,
  ) {
    const long = structure.chance(0.03);
    this.sizes = ['a', 'b', 'c'].map((name) => {
      const size = numbers.int(2, 7);
      if (name === 'a' && long) return { name: 'long', size: numbers.int(4100, 5000) };
      return structure.chance(0.02) ? { name: '0', size: 0 } : { name, size };
    });
  }

  /** Adds a step unless its result would be too large. Sizes and bounds are the caller's to know. */
  add(inputs: readonly number[], dims: readonly Dim[], bound: number, apply: Step['apply'], text: string): void {
    if (dims.reduce((p, d) => p * d.size, 1) > 20_000 || bound > 1e4) return;
    const given = inputs.map((i) => this.values[i]!);
    const peak = Math.max(bound, ...given.map((v) => v.peak));
    this.values.push({ tensor: apply(...given.map((v) => v.tensor)), dims, bound, peak });
    this.steps.push({ inputs, apply, text });
  }

  /** Numbers that the user gives: multiples of 1/8 and others, whole numbers or truths. */
  leaf(): void {
    const { structure, numbers } = this;
    const rank = structure.pick([0, 1, 1, 2, 2, 2, 3]);
    const dims = Array.from({ length: rank }, () => (structure.chance(0.12) ? one : structure.pick(this.sizes)));
    const dtype = structure.pick(['float32', 'float32', 'float32', 'float32', 'int32', 'bool'] as const);
    const shape = dims.map((d) => d.size);
    const elements = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
      if (dtype === 'bool') return numbers.int(0, 1);
      if (dtype === 'int32') return numbers.int(-4, 4);
      return numbers.chance() ? numbers.int(-16, 16) / 8 : numbers.real([-2, 2]);
    });
    const text = `tensor([${elements.join(', ')}]).reshape([${shape.join(', ')}]).to('${dtype}')`;
    const flat = dtype === 'bool' ? Uint8Array.from(elements) : Float32Array.from(elements);
    this.add([], dims, 4, () => tensor(flat, { shape, dtype }), text);
  }
}

/** The size 1, which broadcasts. */
export const one: Dim = { name: '1', size: 1 };

const makers: readonly (readonly [weight: number, maker: Maker])[] = [
  ...elementSteps,
  ...moveSteps,
  ...reduceSteps,
  ...indexSteps,
];
const wheel = makers.flatMap(([weight, maker]) => new Array<Maker>(weight).fill(maker));

/**
 * A random program of 5 to 25 operations: elementwise, movement, reductions, concat, pad, gather, scatter, products,
 * sorting, with shared subexpressions and several results. Programs with equal `structure` and other `values` differ in
 * sizes and elements only, and share kernels.
 */
export function randomProgram(structure: number, values = structure): RandomProgram {
  const builder = new Builder(new Draw(structure), new Draw(values ^ 0x5bd1e995));
  const draw = builder.structure;
  const leaves = draw.int(2, 4);
  while (builder.values.length < leaves) builder.leaf();
  const wanted = leaves + draw.int(5, 25);
  for (let tries = 0; builder.values.length < wanted && tries < 200; tries++) draw.pick(wheel)(builder);
  const last = builder.values.length - 1;
  const roots = new Set([last]);
  for (let k = draw.int(0, 3); k > 0; k--) roots.add(draw.int(Math.max(leaves, last - 8), last));
  return programOf(
    builder.steps,
    [...roots].map((r) => Math.min(r, last)),
    builder.values,
  );
}

function programOf(steps: readonly Step[], roots: readonly number[], values: readonly Value[]): RandomProgram {
  return {
    steps,
    roots,
    tensors: roots.map((r) => values[r]!.tensor),
    peaks: roots.map((r) => values[r]!.peak),
  };
}

/** The program built anew from its steps. */
export function rebuild({ steps, roots, peaks }: RandomProgram): RandomProgram {
  const needed = neededSteps(steps, roots);
  const tensors: Tensor[] = [];
  steps.forEach((s, i) => {
    if (needed.has(i)) tensors[i] = s.apply(...s.inputs.map((k) => tensors[k]!));
  });
  return { steps, roots, peaks, tensors: roots.map((r) => tensors[r]!) };
}

function neededSteps(steps: readonly Step[], roots: readonly number[]): Set<number> {
  const needed = new Set(roots);
  for (let i = steps.length - 1; i >= 0; i--) if (needed.has(i)) steps[i]!.inputs.forEach((k) => needed.add(k));
  return needed;
}

/** The program as a person would write it. */
export function programText({ steps, roots }: RandomProgram): string {
  const needed = neededSteps(steps, roots);
  const lines = steps.flatMap((s, i) =>
    needed.has(i) ? [`t${i} = ${s.text.replace(/\$(\d)/g, (_, k: string) => `t${s.inputs[Number(k)]!}`)}`] : [],
  );
  return [...lines, `asked for: ${roots.map((r) => `t${r}`).join(', ')}`].join('\n');
}

/**
 * A smaller program that still fails: fewer results, and steps replaced by plain numbers of the same shape as long as
 * that is possible.
 */
export function minimise(program: RandomProgram, fails: (p: RandomProgram) => boolean): RandomProgram {
  let best = program;
  const attempt = (steps: readonly Step[], kept: readonly number[]): boolean => {
    const [roots, peaks] = [kept.map((k) => best.roots[k]!), kept.map((k) => best.peaks[k]!)];
    const candidate = rebuild({ steps, roots, peaks, tensors: [] });
    if (!fails(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let k = best.roots.length - 1; k >= 0 && best.roots.length > 1; k--) {
    attempt(
      best.steps,
      best.roots.map((_, i) => i).filter((i) => i !== k),
    );
  }
  for (let i = program.steps.length - 1; i >= 0; i--) {
    const step = best.steps[i]!;
    if (step.inputs.length === 0 || best.roots.includes(i) || !neededSteps(best.steps, best.roots).has(i)) continue;
    const { shape, dtype, size } = rebuild({ ...best, roots: [i] }).tensors[0]!;
    const elements = Array.from({ length: size }, (_, k) =>
      dtype === 'bool' ? ((k * 7) % 3) & 1 : ((k * 5) % 13) - 6,
    );
    const text = `tensor([${elements.join(', ')}]).reshape([${shape.join(', ')}]).to('${dtype}')`;
    const leaf: Step = { inputs: [], apply: () => tensor(Float32Array.from(elements), { shape, dtype }), text };
    attempt(
      best.steps.map((s, k) => (k === i ? leaf : s)),
      best.roots.map((_, k) => k),
    );
  }
  return best;
}
