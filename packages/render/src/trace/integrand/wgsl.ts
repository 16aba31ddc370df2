import { componentsOf, isStruct } from '../../engine.js';
import type { ValueType, WgslModule } from '../../engine.js';
import { Functions } from './functions.js';
import { marksOf } from './marks.js';
import type { CallStep, LoadStep, Operand, Step, Variable } from './steps.js';

/**
 * What a kernel does with the list:
 * - `value`: `radiance += ...` for every emission, `covered += ...` for the mask;
 * - `jvp`: `radiance += ...` with the tangents of what is emitted, the scene's tangent being in the array `tangent`;
 * - `vjp`: given `seed`, the gradient with respect to the radiance, calls `accumulate(index, value)` for the scene.
 *
 * The reverse pass is path replay: nothing is stored per sample. A list is computed, then walked backwards with the
 * derived reverse function of every call; a loop's turns are computed and walked back one by one, when the walk comes to
 * the loop (loops only emit, so nothing later waits for their results).
 */
export type KernelMode = 'value' | 'jvp' | 'vjp';

/** WGSL statements of one sample, and the modules that they call. */
export interface SampleCode {
  readonly body: string;
  readonly uses: WgslModule['uses'];
}

/** Writes the statements. They read the scene as the array `scene`, and `none` is a u32 that is 0 at run time. */
export function sampleCode(steps: readonly Step[], mode: KernelMode): SampleCode {
  const writer = new Writer(mode);
  writer.scope(steps);
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

  constructor(private readonly mode: KernelMode) {}

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
        case 'emit':
          this.emit(step.value);
          break;
        case 'cover':
          if (this.mode === 'value') lines.push(`covered += f32(${step.value.text});`);
      }
    }
  }

  private emit(value: Operand): void {
    if (this.mode === 'value') this.lines.push(`radiance += ${value.text};`);
    if (this.mode === 'jvp' && value.active) this.lines.push(`radiance += tan_${value.text};`);
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
    for (const step of [...steps].reverse()) {
      switch (step.kind) {
        case 'call':
          if (step.out.active) this.pull(step);
          break;
        case 'load':
          if (step.outs[0].active) this.scatter(step);
          break;
        case 'branch':
          if (!reachesGradient(step.body)) break;
          this.lines.push(`if (${step.condition.text} != 0u) {`);
          this.backward(step.body);
          this.lines.push('}');
          break;
        case 'loop':
          if (reachesGradient(step.body)) this.loop(step);
          break;
        case 'emit':
          if (step.value.active) this.lines.push(`${adjoint(step.value)} += seed;`);
          break;
        case 'native':
        case 'cover': // constant
      }
    }
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

/** Whether anything in the steps is active: what is not needs no backward walk. */
function reachesGradient(steps: readonly Step[]): boolean {
  return steps.some((step) => {
    if (step.kind === 'branch' || step.kind === 'loop') return reachesGradient(step.body);
    if (step.kind === 'emit') return step.value.active;
    if (step.kind === 'load') return step.outs[0].active;
    return step.kind === 'call' && step.out.active;
  });
}
