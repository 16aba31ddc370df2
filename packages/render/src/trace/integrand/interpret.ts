import { compileToJS, componentsOf, jvpOf, vjpOf } from '../../engine.js';
import type { ExprFunction } from '../../engine.js';
import { leastFactor, replayed } from './steps.js';
import type { CallStep, GoOnStep, HostMemory, LoadStep, LoopStep, Operand, Step, Variable, WalkStep } from './steps.js';
import { marksOf, realIndices } from './marks.js';

const compiled = new WeakMap<ExprFunction, (...args: number[]) => number[]>();

function hostOf(fn: ExprFunction): (...args: number[]) => number[] {
  let host = compiled.get(fn);
  if (host === undefined) compiled.set(fn, (host = compileToJS(fn)));
  return host;
}

/** What a sample adds to the film. */
export interface SampleResult {
  readonly radiance: readonly [number, number, number];
  readonly covered: number;
}

/** Values of the list's inputs, by name. */
export type SampleInputs = Readonly<Record<string, readonly number[]>>;

/**
 * Runs the list on the host in float64: what the kernels of `sampleCode` do, step by step, and their oracle.
 * One sample per instance.
 */
export class Interpreter {
  private readonly values: Map<string, readonly number[]>;
  private readonly tangents = new Map<string, number[]>();
  private readonly adjoints = new Map<string, number[]>();
  private readonly radiance: [number, number, number] = [0, 0, 0];
  private covered = 0;
  private moved: ArrayLike<number> | undefined;
  /** In a walk: what the light of a turn is multiplied by, now and when the turn began; the light still to come. */
  private throughput: readonly number[] = [1, 1, 1];
  private through: readonly number[] = [1, 1, 1];
  private rest: readonly number[] = [0, 0, 0];
  /** Which time the sample is taken, of the two that derivatives of a walk take; see `KernelMode`. */
  private pass: 'sum' | 'replay' | undefined;
  private walking: { readonly step: WalkStep; another: boolean } | undefined;
  private frozen: { readonly tape: (readonly number[])[]; at: number; readonly replay: boolean } | undefined;

  constructor(
    private readonly steps: readonly Step[],
    private readonly memory: HostMemory,
    inputs: SampleInputs,
  ) {
    this.values = new Map(Object.entries(inputs));
  }

  /** The radiance of the sample. */
  value(): SampleResult {
    this.forward(this.steps, true);
    return { radiance: this.radiance, covered: this.covered };
  }

  /** What an operand was, once `value` has run. */
  valueOf(operand: Operand): readonly number[] {
    return this.operand(operand);
  }

  /** The radiance, with everything that is constant for derivatives written to `tape`, or taken from it. */
  frozenValue(tape: (readonly number[])[], replay: boolean): SampleResult {
    this.frozen = { tape, at: 0, replay };
    return this.value();
  }

  /** The change of the radiance when the scene changes by `tangent`. */
  jvp(tangent: ArrayLike<number>): SampleResult {
    this.sumFirst();
    this.moved = tangent;
    return this.value();
  }

  /** Adds the gradient with respect to the scene to `gradient`, given that with respect to the radiance. */
  vjp(seed: readonly number[], gradient: Float64Array): void {
    this.sumFirst();
    this.scope(this.steps, seed, gradient);
  }

  /** The first of the two times that a walk is taken for a derivative. */
  private sumFirst(): void {
    if (!replayed(this.steps)) return;
    this.pass = 'sum';
    this.forward(this.steps, true);
    this.pass = 'replay';
    this.throughput = this.through = [1, 1, 1];
  }

  private operand(
    { source, type }: Operand,
    from: ReadonlyMap<string, readonly number[]> = this.values,
  ): readonly number[] {
    const count = componentsOf(type).length;
    if (source.kind === 'constant') return source.values;
    if (source.kind === 'option') return [this.memory.options[source.name]];
    const all = from.get(source.variable.name);
    return all ? all.slice(source.first, source.first + count) : new Array<number>(count).fill(0);
  }

  private set(out: Variable, compute: () => readonly number[]): void {
    const { frozen } = this;
    if (!frozen || out.active) {
      this.values.set(out.name, compute());
      return;
    }
    if (!frozen.replay) frozen.tape.push(compute());
    this.values.set(out.name, frozen.tape[frozen.at++]);
  }

  private forward(steps: readonly Step[], loops: boolean): void {
    for (const step of steps) {
      switch (step.kind) {
        case 'call': {
          const args = (): number[] => step.args.flatMap((a) => this.operand(a));
          if (this.moved && step.out.active) this.pushTangent(step, args());
          this.set(step.out, () => hostOf(step.fn)(...args()));
          break;
        }
        case 'native':
          this.set(step.out, () =>
            step.native.host(
              this.memory,
              step.args.flatMap((a) => this.operand(a)),
            ),
          );
          break;
        case 'load':
          this.load(step);
          break;
        case 'branch':
          if (this.taken(step.condition)) this.forward(step.body, loops);
          else this.forget(step.body);
          break;
        case 'loop':
          if (loops) this.turns(step, () => this.forward(step.body, true));
          break;
        case 'walk':
          if (loops) this.walk(step, () => this.forward(step.body, true));
          break;
        case 'goOn':
          this.goOn(step);
          break;
        case 'emit':
          this.emit(step.value);
          break;
        case 'cover':
          this.covered += this.operand(step.value)[0];
      }
    }
  }

  private emit(value: Operand): void {
    const light = this.operand(value);
    if (this.pass === 'sum') this.rest = this.rest.map((r, c) => r + this.through[c] * light[c]);
    if (this.pass === 'replay') this.rest = this.rest.map((r, c) => r - light[c]);
    if (!this.moved) this.shine(light);
    else if (value.active) this.shine(this.operand(value, this.tangents));
  }

  private shine(light: readonly number[]): void {
    if (this.pass !== 'sum') light.forEach((v, c) => (this.radiance[c] += this.through[c] * v));
  }

  private goOn({ factor, next }: GoOnStep): void {
    const { pass, walking } = this;
    const value = this.operand(factor);
    const floored = value.map((f) => (Math.abs(f) < leastFactor ? leastFactor : f));
    if (pass === 'replay') this.rest = this.rest.map((r, c) => r / floored[c]);
    if (this.moved && factor.active) {
      this.shine(this.operand(factor, this.tangents).map((t, c) => t * this.rest[c]));
    }
    const kept = pass === 'sum' ? floored : value;
    this.throughput = this.throughput.map((t, c) => t * kept[c]);
    walking!.another = this.throughput.some((t) => t !== 0);
    const all = next.map((operand) => this.operand(operand));
    walking!.step.state.forEach(({ now }, k) => this.values.set(`next_${now.name}`, all[k]));
  }

  private walk(step: WalkStep, turn: () => void): void {
    for (const { initial, now } of step.state) this.values.set(`next_${now.name}`, this.operand(initial));
    this.walking = { step, another: true };
    const [turns] = this.operand(step.turns);
    for (let i = 0; i < turns && this.walking.another; i++) {
      this.values.set(step.index.name, [i]);
      for (const { now } of step.state) this.values.set(now.name, this.values.get(`next_${now.name}`)!);
      this.walking.another = false;
      this.through = this.throughput;
      turn();
    }
  }

  private taken(condition: Operand): boolean {
    return this.operand(condition)[0] !== 0;
  }

  private turns({ index, first, last }: LoopStep, turn: () => void): void {
    const [end] = this.operand(last);
    for (let i = this.operand(first)[0]; i < end; i++) {
      this.values.set(index.name, [i]);
      turn();
    }
  }

  private load({ rows, count, width, outs }: LoadStep): void {
    const at = this.operand(rows);
    const [total] = this.operand(count);
    const row = (array: ArrayLike<number>, k: number): number[] =>
      Array.from({ length: width }, (_, c) => (k < total ? array[at[k] + c] : 0));
    outs.forEach((out, k) => {
      this.set(out, () => row(this.memory.scene, k));
      if (this.moved && out.active) this.tangents.set(out.name, row(this.moved, k));
    });
  }

  private pushTangent({ fn, args, out }: CallStep, values: readonly number[]): void {
    const marks = marksOf(args);
    const all = args.flatMap((a) => this.operand(a, this.tangents));
    const moved = hostOf(jvpOf(fn, marks))(...values, ...all.filter((_, k) => marks[k]));
    const tangent = componentsOf(out.type).map(() => 0);
    realIndices(out.type).forEach((k, n) => (tangent[k] = moved[n]));
    this.tangents.set(out.name, tangent);
  }

  /** Steps that are not taken leave zeros, also where an earlier turn of a loop left something else. */
  private forget(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.kind === 'branch') this.forget(step.body);
      const outs = step.kind === 'call' || step.kind === 'native' ? [step.out] : step.kind === 'load' ? step.outs : [];
      for (const { name } of outs) for (const map of [this.values, this.tangents]) map.delete(name);
    }
  }

  private scope(steps: readonly Step[], seed: readonly number[], gradient: Float64Array): void {
    this.forward(steps, false);
    this.dropAdjoints(steps);
    this.backward(steps, seed, gradient);
  }

  private dropAdjoints(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.kind === 'branch') this.dropAdjoints(step.body);
      if (step.kind === 'call') this.adjoints.delete(step.out.name);
      if (step.kind === 'load') for (const { name } of step.outs) this.adjoints.delete(name);
    }
  }

  private backward(steps: readonly Step[], seed: readonly number[], gradient: Float64Array): void {
    for (const step of [...steps].reverse()) {
      switch (step.kind) {
        case 'call':
          if (step.out.active) this.pull(step);
          break;
        case 'load':
          if (step.outs[0].active) this.scatter(step, gradient);
          break;
        case 'branch':
          if (this.taken(step.condition)) this.backward(step.body, seed, gradient);
          break;
        case 'loop':
          this.turns(step, () => this.scope(step.body, seed, gradient));
          break;
        case 'walk':
          this.walk(step, () => this.scope(step.body, seed, gradient));
          break;
        case 'goOn':
          if (step.factor.active) this.addAdjoint(step.factor, this.weighted(seed, this.rest));
          break;
        case 'emit':
          if (step.value.active) this.addAdjoint(step.value, this.weighted(seed));
          break;
        case 'native':
        case 'cover': // constant
      }
    }
  }

  /** A gradient of light that comes through what the walk has come by, and then through `more`. */
  private weighted(seed: readonly number[], more: readonly number[] = [1, 1, 1]): number[] {
    return seed.map((v, c) => v * this.through[c] * more[c]);
  }

  private addAdjoint({ source, type }: Operand, values: readonly number[]): void {
    if (source.kind !== 'variable') return;
    const { variable, first } = source;
    let adjoint = this.adjoints.get(variable.name);
    if (!adjoint) this.adjoints.set(variable.name, (adjoint = componentsOf(variable.type).map(() => 0)));
    const sums = adjoint;
    componentsOf(type).forEach((_, c) => (sums[first + c] += values[c]));
  }

  private pull({ fn, args, out }: CallStep): void {
    const seeds = this.adjoints.get(out.name);
    if (!seeds) return;
    const marks = marksOf(args);
    const given = realIndices(out.type).map((k) => seeds[k]);
    const pulled = hostOf(vjpOf(fn, marks))(...args.flatMap((a) => this.operand(a)), ...given);
    let [at, next] = [0, 0];
    for (const a of args) {
      const parts = componentsOf(a.type).map(() => (marks[at++] ? pulled[next++] : 0));
      if (a.active) this.addAdjoint(a, parts);
    }
  }

  private scatter({ rows, count, outs }: LoadStep, gradient: Float64Array): void {
    const at = this.operand(rows);
    const [total] = this.operand(count);
    outs.forEach(({ name }, k) => {
      if (k < total) this.adjoints.get(name)?.forEach((v, c) => (gradient[at[k] + c] += v));
    });
  }
}
