import { ShapeError, componentsOf } from '../../engine.js';
import type { ExprFunction, ValueType, WgslModule } from '../../engine.js';

/**
 * What a renderer computes for one sample, as a list of steps. Everything that runs is written from this one list: the
 * image, its derivatives in both directions, and the float64 reference. See docs/architecture.md, "One list".
 *
 * Steps compute variables. A variable is active if it depends on an input whose gradient is wanted; natives are never
 * active: what they return is a constant for every derivative (detached sampling).
 */
export type Step =
  CallStep | NativeStep | LoadStep | BranchStep | LoopStep | WalkStep | GoOnStep | EmitStep | CoverStep;

/** A value that a step computes. */
export interface Variable {
  readonly name: string;
  readonly type: ValueType;
  readonly active: boolean;
}

/** What steps read: a variable or a part of one, a constant, or an option of the program. */
export interface Operand {
  /** As WGSL writes it. */
  readonly text: string;
  readonly type: ValueType;
  readonly active: boolean;
  readonly source:
    | { readonly kind: 'variable'; readonly variable: Variable; readonly first: number; readonly path: string }
    | { readonly kind: 'constant'; readonly values: readonly number[] }
    | { readonly kind: 'option'; readonly name: string };
}

/** A pure function. */
export interface CallStep {
  readonly kind: 'call';
  readonly fn: ExprFunction;
  readonly args: readonly Operand[];
  readonly out: Variable;
}

/** Something that reads memory and is constant for derivatives: traversal, tables. */
export interface Native {
  readonly name: string;
  readonly result: ValueType;
  /** Declares a function of this name, */
  readonly module: WgslModule;
  /** and the struct that it returns, if this says so. */
  readonly declaresResult?: boolean;
  /** The same in float64: one number per component in and out. */
  readonly host: (machine: HostMemory, args: readonly number[]) => readonly number[];
}

export interface NativeStep {
  readonly kind: 'native';
  readonly native: Native;
  readonly args: readonly Operand[];
  readonly out: Variable;
}

/** Rows of the scene: `outs[k]` is the row that begins at `rows[k]`, zero from row number `count` on. */
export interface LoadStep {
  readonly kind: 'load';
  /** vec4u */
  readonly rows: Operand;
  /** u32 that the compiler does not know: the loop over rows stays a loop. */
  readonly count: Operand;
  readonly width: number;
  readonly outs: readonly Variable[];
}

/** Steps that are only taken where the condition (u32, not 0) holds; their variables are zero elsewhere. */
export interface BranchStep {
  readonly kind: 'branch';
  readonly condition: Operand;
  readonly body: readonly Step[];
}

/** Steps taken for index = first ... last - 1. What is computed in there is only seen in there; it emits radiance. */
export interface LoopStep {
  readonly kind: 'loop';
  readonly first: Operand;
  readonly last: Operand;
  readonly index: Variable;
  readonly body: readonly Step[];
}

/**
 * A loop whose turns hand on a state, and a throughput that all they emit is multiplied by: the vertices of a path. A
 * turn takes place if the one before took a `GoOnStep`. The state is constant for derivatives; that the throughput is
 * not is what path replay is for: see `replayed`. A list has one walk at most.
 */
export interface WalkStep {
  readonly kind: 'walk';
  /** u32, most turns */
  readonly turns: Operand;
  readonly index: Variable;
  /** What the state is at first, and in a turn. */
  readonly state: readonly { readonly initial: Operand; readonly now: Variable }[];
  readonly body: readonly Step[];
}

/** In a walk, after all that the turn emits: another turn is to come, its throughput `factor` (vec3f) times this one's. */
export interface GoOnStep {
  readonly kind: 'goOn';
  readonly factor: Operand;
  /** The state of the next turn. */
  readonly next: readonly Operand[];
}

/** Adds a vec3f to the radiance of the sample, in a walk multiplied by the throughput. */
export interface EmitStep {
  readonly kind: 'emit';
  readonly value: Operand;
}

/** Counts the sample as covered (u32, 0 or 1): the mask. */
export interface CoverStep {
  readonly kind: 'cover';
  readonly value: Operand;
}

/** The memory of the program, for the reference. */
export interface HostMemory {
  readonly scene: ArrayLike<number>;
  readonly tables: ArrayLike<number>;
  readonly bvh: ArrayLike<number>;
  readonly options: Readonly<Record<string, number>>;
}

/** Whether the steps hold a walk, which derivatives replay. */
export const replayed = (steps: readonly Step[]): boolean =>
  steps.some((s) => s.kind === 'walk' || (s.kind === 'branch' && replayed(s.body)));

/** Least factor of a walk that its replay divides by: a black surface's gradient is that of one which is nearly black. */
export const leastFactor = 2 ** -12;

/** Marks a variable, or a part of one, as constant for derivatives. */
export const detached = (operand: Operand): Operand => ({ ...operand, active: false });

/** A member of a struct or a component of a vector. */
export function part(operand: Operand, member: string): Operand {
  const { source, type } = operand;
  if (source.kind !== 'variable') throw new ShapeError(`integrand: ${operand.text} has no parts`);
  const all = componentsOf(type);
  const inside = all.map((c, k) => ({ ...c, k })).filter((c) => `${c.path}.`.startsWith(`.${member}.`));
  if (inside.length === 0) throw new ShapeError(`integrand: ${operand.text} has no part ${member}`);
  const path = `${source.path}.${member}`;
  return {
    text: `${source.variable.name}${path}`,
    type: typeof type === 'string' ? inside[0].type : type.members.find((m) => m.name === member)!.type,
    active: operand.active,
    source: { ...source, first: source.first + inside[0].k, path },
  };
}

const vectorType = (width: number): ValueType => (width === 1 ? 'f32' : (`vec${width}f` as ValueType));

/** Writes lists of steps. */
export class Integrand {
  readonly steps: Step[] = [];
  private target: Step[] = this.steps;
  private count = 0;

  /** A variable that the program sets before the first step: the pixel, the number of the sample. */
  input(name: string, type: ValueType): Operand {
    return operandOf({ name, type, active: false });
  }

  option(name: string, type: 'u32' | 'f32' = 'u32'): Operand {
    return { text: name, type, active: false, source: { kind: 'option', name } };
  }

  u32(value: number): Operand {
    return { text: `${value >>> 0}u`, type: 'u32', active: false, source: { kind: 'constant', values: [value >>> 0] } };
  }

  f32(value: number): Operand {
    const text = Number.isInteger(value) ? value.toFixed(1) : String(value);
    return { text: `f32(${text})`, type: 'f32', active: false, source: { kind: 'constant', values: [value] } };
  }

  call(fn: ExprFunction, ...args: Operand[]): Operand {
    const inner = componentsOf(fn.result).some((c) => c.type === 'f32');
    const out = this.variable(fn.name, fn.result, inner && args.some((a) => a.active));
    this.target.push({ kind: 'call', fn, args, out });
    return operandOf(out);
  }

  /** A call whose result is constant for derivatives. */
  constantCall(fn: ExprFunction, ...args: Operand[]): Operand {
    return this.call(fn, ...args.map(detached));
  }

  native(native: Native, ...args: Operand[]): Operand {
    const out = this.variable(native.name, native.result, false);
    this.target.push({ kind: 'native', native, args: args.map(detached), out });
    return operandOf(out);
  }

  /** `total` rows (at most 4) of `width` floats (at most 4) of the scene, differentiable if `active`. */
  load(rows: Operand, count: Operand, total: number, width: number, active: boolean): Operand[] {
    const outs = Array.from({ length: total }, () => this.variable('row', vectorType(width), active));
    this.target.push({ kind: 'load', rows, count, width, outs });
    return outs.map(operandOf);
  }

  branch<T>(condition: Operand, body: () => T): T {
    const [steps, result] = this.inside(body);
    this.target.push({ kind: 'branch', condition: detached(condition), body: steps });
    return result;
  }

  loop(first: Operand, last: Operand, body: (index: Operand) => void): void {
    const index = this.variable('index', 'u32', false);
    const [steps] = this.inside(() => body(operandOf(index)));
    this.target.push({ kind: 'loop', first, last, index, body: steps });
  }

  walk(turns: Operand, initial: readonly Operand[], body: (index: Operand, now: readonly Operand[]) => void): void {
    const index = this.variable('turn', 'u32', false);
    const state = initial.map((operand) => ({ initial: operand, now: this.variable('now', operand.type, false) }));
    const [steps] = this.inside(() =>
      body(
        operandOf(index),
        state.map((s) => operandOf(s.now)),
      ),
    );
    this.target.push({ kind: 'walk', turns, index, state, body: steps });
  }

  goOn(factor: Operand, next: readonly Operand[]): void {
    this.target.push({ kind: 'goOn', factor, next });
  }

  emit(value: Operand): void {
    this.target.push({ kind: 'emit', value });
  }

  cover(value: Operand): void {
    this.target.push({ kind: 'cover', value });
  }

  private inside<T>(body: () => T): [Step[], T] {
    const outer = this.target;
    const steps: Step[] = (this.target = []);
    const result = body();
    this.target = outer;
    return [steps, result];
  }

  private variable(name: string, type: ValueType, active: boolean): Variable {
    return { name: `${name}_${this.count++}`, type, active };
  }
}

const operandOf = (variable: Variable): Operand => ({
  text: variable.name,
  type: variable.type,
  active: variable.active,
  source: { kind: 'variable', variable, first: 0, path: '' },
});
