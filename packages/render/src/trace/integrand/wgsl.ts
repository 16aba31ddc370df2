import { componentsOf, isStruct } from '../../engine.js';
import type { ValueType, WgslModule } from '../../engine.js';
import { Functions } from './functions.js';
import { marksOf } from './marks.js';
import { leastFactor, replayed } from './steps.js';
import type { CallStep, LoadStep, Operand, Step, Variable, WalkStep } from './steps.js';

/**
 * What a kernel does with the list:
 * - `value`: `radiance += ...` for every emission, `covered += ...` for the mask;
 * - `jvp`: `radiance += ...` with the tangents of what is emitted, the scene's tangent being in the array `tangent`;
 * - `vjp`: given `seed`, the gradient with respect to the radiance, calls `accumulate(index, value)` for the scene.
 *
 * The reverse pass is path replay: nothing is stored per sample. A list is computed, then walked backwards with the
 * derived reverse function of every call; a loop's turns are computed and walked back one by one, when the walk comes to
 * the loop (loops only emit, so nothing later waits for their results).
 *
 * A walk hands a throughput on, and what a turn emits depends on all turns before. Both derivatives then take the sample
 * twice (`replay` is 0, then 1). The first adds up the radiance. The second takes off `rest` what it meets, and divides
 * by every factor, so that behind a factor `rest` is the light that comes to it from all turns yet to come: the
 * derivative by the factor. So turns are walked back one by one, in the order in which they come, and nothing of a turn
 * is kept for the next: Vicini et al. 2021, Path Replay Backpropagation.
 */
export type KernelMode = 'value' | 'jvp' | 'vjp';

/** WGSL statements of one sample, and the modules that they call. */
export interface SampleCode {
  readonly body: string;
  readonly uses: WgslModule['uses'];
}

/** Writes the statements. They read the scene as the array `scene`, and `none` is a u32 that is 0 at run time. */
export function sampleCode(steps: readonly Step[], mode: KernelMode): SampleCode {
  const writer = new Writer(mode, replayed(steps));
  writer.sample(steps);
  return { body: writer.lines.map((line) => `  ${line}`).join('\n'), uses: writer.functions.uses };
}

const wgslName = (type: ValueType): string => (isStruct(type) ? type.name : type);
const adjoint = ({ source }: Operand): string =>
  source.kind === 'variable' ? `adj_${source.variable.name}${source.path}` : '';

class Writer {
  readonly lines: string[] = [];
  readonly functions = new Functions();
  private readonly hoisted = new Set<Variable>();
  private count = 0;
  private walking: WalkStep | undefined;
  /** Whether the lines that are written are in a block of the replay. */
  private inReplay = false;
  /** Whether all is taken twice: derivatives of a walk. */
  private readonly twice: boolean;

  constructor(
    private readonly mode: KernelMode,
    private readonly walks: boolean,
  ) {
    this.twice = walks && mode !== 'value';
  }

  sample(steps: readonly Step[]): void {
    const { lines, walks, twice } = this;
    if (twice) lines.push('var rest = vec3f();', 'for (var replay = 0u; replay < 2u + none; replay++) {');
    if (walks) lines.push('var throughput = vec3f(1.0);', 'let through = throughput;');
    this.scope(steps);
    if (twice) lines.push('}');
  }

  /** The steps of a sample, or of one turn of a loop. */
  scope(steps: readonly Step[]): void {
    this.forward(steps);
    if (this.mode !== 'vjp') return;
    for (const v of variablesOf(steps)) if (v.active) this.lines.push(zeroed(`adj_${v.name}`, v.type));
    this.backward(steps);
  }

  private forward(steps: readonly Step[]): void {
    const { lines } = this;
    for (const step of steps) {
      switch (step.kind) {
        case 'call':
          this.define(step.out, `${this.functions.use(step.fn).name}(${texts(step.args)})`);
          if (this.mode === 'jvp' && step.out.active) this.tangent(step);
          break;
        case 'native':
          this.functions.useModule(step.native.module);
          if (!step.native.declaresResult) this.functions.struct(step.native.result);
          this.define(step.out, `${step.native.name}(${texts(step.args)})`);
          break;
        case 'load':
          this.load(step, 'scene', '');
          if (this.mode === 'jvp' && step.outs[0].active) this.load(step, 'tangent', 'tan_');
          break;
        case 'branch':
          for (const v of variablesOf(step.body)) this.declare(v);
          lines.push(`if (${step.condition.text} != 0u) {`);
          this.forward(step.body);
          lines.push('}');
          break;
        case 'loop':
          if (this.mode !== 'vjp') this.loop(step);
          break;
        case 'walk':
          if (this.mode !== 'vjp') this.walk(step);
          break;
        case 'goOn':
          this.goOn(step.factor, step.next);
          break;
        case 'emit':
          this.emit(step.value);
          break;
        case 'cover':
          if (this.mode === 'value') lines.push(`covered += f32(${step.value.text});`);
      }
    }
  }

  private emit(value: Operand): void {
    const { lines, mode, walks, twice } = this;
    const through = walks ? 'through * ' : '';
    if (mode === 'value') lines.push(`radiance += ${through}${value.text};`);
    if (twice) lines.push(`rest = select(rest + through * ${value.text}, rest - ${value.text}, replay != 0u);`);
    if (mode === 'jvp' && value.active) this.tangentOf(`${through}tan_${value.text}`);
  }

  private tangentOf(light: string): void {
    this.lines.push(this.twice ? `if (replay != 0u) { radiance += ${light}; }` : `radiance += ${light};`);
  }

  private goOn(factor: Operand, next: readonly Operand[]): void {
    const { lines, mode, twice } = this;
    const { state } = this.walking!;
    if (twice) {
      const least = `vec3f(${leastFactor})`;
      lines.push(
        `let floored = select(${factor.text}, ${least}, abs(${factor.text}) < ${least});`,
        'rest = select(rest, rest / floored, replay != 0u);',
        `throughput *= select(floored, ${factor.text}, replay != 0u);`,
      );
      if (mode === 'jvp' && factor.active) this.tangentOf(`through * tan_${factor.text} * rest`);
    } else {
      lines.push(`throughput *= ${factor.text};`);
    }
    // a light that nothing of would be seen is not looked for
    lines.push('another = any(throughput != vec3f());');
    lines.push(...state.map(({ now }, k) => `next_${now.name} = ${next[k].text};`));
  }

  private walk(step: WalkStep): void {
    const { lines } = this;
    const { index, turns, state, body } = step;
    lines.push(...state.map(({ initial, now }) => `var next_${now.name} = ${initial.text};`));
    lines.push('var another = true;');
    lines.push(`for (var ${index.name} = 0u; ${index.name} < ${turns.text} && another; ${index.name}++) {`);
    lines.push(...state.map(({ now }) => `let ${now.name} = next_${now.name};`));
    lines.push('another = false;', 'let through = throughput;');
    this.walking = step;
    this.scope(body);
    lines.push('}');
  }

  private loop({ index, first, last, body }: Extract<Step, { kind: 'loop' }>): void {
    this.lines.push(`for (var ${index.name} = ${first.text}; ${index.name} < ${last.text}; ${index.name}++) {`);
    this.scope(body);
    this.lines.push('}');
  }

  private define(out: Variable, text: string): void {
    this.lines.push(this.hoisted.has(out) ? `${out.name} = ${text};` : `let ${out.name} = ${text};`);
  }

  /** A variable that branches compute must outlive them. */
  private declare(v: Variable): void {
    if (this.hoisted.has(v)) return;
    this.hoisted.add(v);
    this.lines.push(zeroed(v.name, v.type));
    if (this.mode === 'jvp' && v.active) this.lines.push(zeroed(`tan_${v.name}`, v.type));
  }

  private load(step: LoadStep, array: string, prefix: string): void {
    const { rows, count, width, outs } = step;
    const type = wgslName(outs[0].type);
    for (const v of outs) if (!this.hoisted.has(v)) this.lines.push(zeroed(`${prefix}${v.name}`, v.type));
    const row = this.fresh('row');
    const at = (c: number): string => `${array}[at${c > 0 ? ` + ${c}u` : ''}]`;
    const values = Array.from({ length: width }, (_, c) => at(c)).join(', ');
    this.lines.push(
      `for (var ${row} = 0u; ${row} < ${count.text}; ${row}++) {`,
      `  let at = ${rows.text}[${row}];`,
      `  let loaded = ${type}(${values});`,
      ...outs.map((v, k) => `  if (${row} == ${k}u) { ${prefix}${v.name} = loaded; }`),
      '}',
    );
  }

  private tangent({ fn, args, out }: CallStep): void {
    const marks = marksOf(args);
    const derived = this.functions.jvp(fn, marks);
    const tangents = args.flatMap((a) => (a.active ? realParts(a.type).map((path) => `tan_${a.text}${path}`) : []));
    const name = this.fresh('moved');
    this.lines.push(`let ${name} = ${derived.name}(${[...args.map((a) => a.text), ...tangents].join(', ')});`);
    const parts = realParts(out.type);
    const values = parts.length === 1 ? [name] : memberTexts(derived.result, name);
    if (!this.hoisted.has(out)) this.lines.push(zeroed(`tan_${out.name}`, out.type));
    parts.forEach((path, k) => this.lines.push(`tan_${out.name}${path} = ${values[k]};`));
  }

  private backward(steps: readonly Step[]): void {
    const guarded = this.twice && !this.inReplay;
    let [open, from] = [false, 0];
    const close = (): void => {
      if (open && this.lines.length > from) {
        this.lines.splice(from, 0, 'if (replay != 0u) {');
        this.lines.push('}');
      }
      open = this.inReplay = false;
    };
    for (const step of [...steps].reverse()) {
      const within = guarded && !holdsLoop(step);
      if (guarded && open && !within) close();
      if (within && !open) [open, from, this.inReplay] = [true, this.lines.length, true];
      this.stepBack(step);
    }
    if (guarded) close();
  }

  private stepBack(step: Step): void {
    switch (step.kind) {
      case 'call':
        if (step.out.active) this.pull(step);
        break;
      case 'load':
        if (step.outs[0].active) this.scatter(step);
        break;
      case 'branch':
        if (!this.goesBack(step.body)) break;
        this.lines.push(`if (${step.condition.text} != 0u) {`);
        this.backward(step.body);
        this.lines.push('}');
        break;
      case 'loop':
        if (this.twice || reachesGradient(step.body)) this.loop(step);
        break;
      case 'walk':
        this.walk(step);
        break;
      case 'goOn':
        if (step.factor.active) this.lines.push(`${adjoint(step.factor)} += seed * through * rest;`);
        break;
      case 'emit':
        if (step.value.active) this.lines.push(`${adjoint(step.value)} += ${this.walks ? 'seed * through' : 'seed'};`);
        break;
      case 'native':
      case 'cover': // constant
    }
  }

  /** Steps without anything active need no backward walk, but a replay needs all that is emitted. */
  private goesBack(steps: readonly Step[]): boolean {
    return reachesGradient(steps) || (this.twice && steps.some(holdsLoop));
  }

  private pull({ fn, args, out }: CallStep): void {
    const marks = marksOf(args);
    const derived = this.functions.vjp(fn, marks);
    const seeds = realParts(out.type).map((path) => `adj_${out.name}${path}`);
    const name = this.fresh('pulled');
    this.lines.push(`let ${name} = ${derived.name}(${[...args.map((a) => a.text), ...seeds].join(', ')});`);
    const targets = args.flatMap((a) => (a.active ? realParts(a.type).map((path) => adjoint(a) + path) : []));
    const values = targets.length === 1 ? [name] : memberTexts(derived.result, name);
    targets.forEach((target, k) => this.lines.push(`${target} += ${values[k]};`));
  }

  private scatter({ rows, count, width, outs }: LoadStep): void {
    const row = this.fresh('row');
    const type = wgslName(outs[0].type);
    const component = width === 1 ? 'value' : 'value[c]';
    this.lines.push(
      `for (var ${row} = 0u; ${row} < ${count.text}; ${row}++) {`,
      `  var value: ${type};`,
      ...outs.map((v, k) => `  if (${row} == ${k}u) { value = adj_${v.name}; }`),
      `  for (var c = 0u; c < ${width}u + none; c++) { accumulate(${rows.text}[${row}] + c, ${component}); }`,
      '}',
    );
  }

  private fresh(stem: string): string {
    return `${stem}_${this.mode}${this.count++}`;
  }
}

/** The zero is written out: in a loop, lavapipe keeps the last turn's value of a variable that is only declared. */
const zeroed = (name: string, type: ValueType): string => `var ${name} = ${wgslName(type)}();`;

const texts = (operands: readonly Operand[]): string => operands.map((a) => a.text).join(', ');

/** Paths of the f32 components. */
const realParts = (type: ValueType): string[] =>
  componentsOf(type)
    .filter((c) => c.type === 'f32')
    .map((c) => c.path);

const memberTexts = (type: ValueType, name: string): string[] => componentsOf(type).map((c) => name + c.path);

/** Variables of the steps and of their branches; loops keep theirs. */
function variablesOf(steps: readonly Step[]): Variable[] {
  return steps.flatMap((step): readonly Variable[] => {
    if (step.kind === 'call' || step.kind === 'native') return [step.out];
    if (step.kind === 'load') return step.outs;
    return step.kind === 'branch' ? variablesOf(step.body) : [];
  });
}

/** Whether the step is or holds a loop, whose turns are taken in the walk backwards. */
const holdsLoop = (step: Step): boolean =>
  step.kind === 'loop' || step.kind === 'walk' || (step.kind === 'branch' && step.body.some(holdsLoop));

/** Whether anything in the steps is active: what is not needs no backward walk. */
function reachesGradient(steps: readonly Step[]): boolean {
  return steps.some((step) => {
    if (step.kind === 'branch' || step.kind === 'loop' || step.kind === 'walk') return reachesGradient(step.body);
    if (step.kind === 'emit') return step.value.active;
    if (step.kind === 'goOn') return step.factor.active;
    if (step.kind === 'load') return step.outs[0].active;
    return step.kind === 'call' && step.out.active;
  });
}
