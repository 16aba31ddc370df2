import type { AdapterProfile } from '../device/profile.js';
import { Emitter, wgslHelpers, wgslTarget, type Value } from '../expr/index.js';
import { sameBuffer, type BufferId } from './buffer.js';
import type { BufferBinding, Dispatch, DispatchRange, UniformValue } from './dispatch.js';
import { elementHelpers, elementType, loadText, storeText } from './element.js';
import { advance, coordinates } from './counters.js';
import { combine, identityOf } from './fold.js';
import { foldVariant } from './foldVariant.js';
import type { FusedKernel, LoadSite, Reduction, Site, StoreSite } from './ir.js';
import { layoutOf, siteOf, sitesOf, type FormLayout, type KernelLayout } from './layout.js';
import { runLength, shortRow, workgroupsOf, workgroupSize } from './run.js';
import { scalarUniform, wideMap } from './wideMap.js';

/** WGSL whose constant loop bounds have a uniform added, or drivers would unroll the loops: compile time. */
const target = wgslTarget({ zero: 'u.zero' });
/** Terms that are summed before they are added to the total: keeps the error of long sums small. */
const block = 128;

/** Number of invocation items of a kernel: outer elements, times parts. */
export const itemsOf = (kernel: FusedKernel, layout: KernelLayout): number => product(layout.outer) * kernel.parts;

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

const isMap = (kernel: FusedKernel): boolean => kernel.stages.length === 0 && kernel.innerStores.length === 0;

/** Writes a fused kernel as WGSL. One text serves all sizes of a structure; sizes and numbers are uniforms. */
export class KernelText {
  readonly layout: KernelLayout;
  #uniforms: Record<string, UniformValue> = {};
  readonly #sites: readonly { value: Value; site: Site }[];
  readonly #names = new Map<object, string>();
  readonly #lanes: number;
  readonly #unroll: number;
  readonly #workgroupVars: string[] = [];
  readonly #lines: string[] = [];
  #helpers: ReadonlySet<string> = new Set();
  /** Elements of an item: 1, or those of a short row whose common part is computed once. */
  #row = 1;

  constructor(
    private readonly kernel: FusedKernel,
    private readonly profile: AdapterProfile,
  ) {
    this.#sites = sitesOf(kernel);
    this.layout = layoutOf(kernel, this.#sites);
    ({ lanes: this.#lanes, unroll: this.#unroll } = foldVariant(kernel, this.layout, profile));
  }

  /** The dispatch for a range of items. */
  dispatch(elements: DispatchRange): Dispatch {
    const wide = isMap(this.kernel)
      ? wideMap(this.kernel, this.layout, this.#sites, elements, this.profile)
      : undefined;
    if (wide) return wide;
    this.#row = isMap(this.kernel) ? shortRow(this.layout, this.#sites, elements, this.profile) : 1;
    const range = { ...elements, start: elements.start / this.#row, count: elements.count / this.#row };
    this.#reset(range);
    this.#body();
    this.#declareZero();
    const run = this.#run(range);
    const groups = this.#lanes > 1 ? range.count : Math.ceil(range.count / (workgroupSize * run));
    const builtins = ['@builtin(num_workgroups) groups: vec3u'];
    if (this.#lanes > 1)
      builtins.push('@builtin(workgroup_id) group: vec3u', '@builtin(local_invocation_index) lane: u32');
    else builtins.push('@builtin(global_invocation_id) id: vec3u');
    return {
      label: this.kernel.label,
      code: [
        ...this.#workgroupVars,
        wgslHelpers(this.#helpers),
        elementHelpers(this.#lines),
        `@compute @workgroup_size(${workgroupSize})`,
        `fn main(${builtins.join(', ')}) {`,
        ...this.#lines.map((line) => `  ${line}`),
        '}',
      ].join('\n'),
      buffers: this.#bindings(),
      uniforms: this.#uniforms,
      workgroups: workgroupsOf(groups),
    };
  }

  /**
   * The outer stores as `fn finish(batch, row, col, acc)`, called by a matmul kernel for every element of its product.
   * Uniforms begin with `e_`, as the matmul kernels ask for.
   */
  finish(rows: number, columns: number): Pick<Dispatch, 'code' | 'buffers' | 'uniforms'> {
    const whole = { start: 0, count: 0, windows: this.kernel.buffers.map(() => 0) };
    this.#reset(whole);
    this.#int('rows', rows);
    this.#int('columns', columns);
    const lines = this.#lines;
    lines.push('let item = (i32(batch) * u.rows + i32(row)) * u.columns + i32(col);');
    lines.push(...coordinates('o', 'item', this.layout.outer));
    const top = new Emitter(target, (value, args) => this.#resolve(value, args));
    top.use(...this.kernel.outerStores.map((s) => s.value));
    const stores = this.kernel.outerStores.map((store) => this.#store(store, top.value(store.value)));
    lines.push(...top.lines, ...stores);
    this.#declareZero();
    const body = lines.map((line) => `  ${line.replace(/\bu\./g, 'u.e_')}`);
    const type = this.kernel.accumulator!.type;
    return {
      code: [
        wgslHelpers(top.helpers),
        elementHelpers(body),
        `fn finish(batch: u32, row: u32, col: u32, acc: ${type}) {`,
        ...body,
        '}',
      ].join('\n'),
      buffers: this.#bindings(),
      uniforms: Object.fromEntries(Object.entries(this.#uniforms).map(([name, value]) => [`e_${name}`, value])),
    };
  }

  /** The uniform that keeps constant loop bounds from being known to the driver. */
  #declareZero(): void {
    if (this.#lines.some((line) => line.includes('u.zero'))) this.#uniforms.zero = { type: 'u32', value: 0 };
  }

  #bindings(): BufferBinding[] {
    return this.kernel.buffers.map(({ dtype, access }, index) => ({
      name: `b${index}`,
      ref: { kind: 'input', index },
      element: elementType(dtype, access, this.profile),
      access,
    }));
  }

  #reset(range: DispatchRange): void {
    this.#lines.length = 0;
    this.#workgroupVars.length = 0;
    this.#uniforms = {};
    if (this.kernel.accumulator) this.#names.set(this.kernel.accumulator, 'acc');
    this.#declareUniforms(range);
  }

  /** Neighbouring items that one invocation computes. */
  #run(range: DispatchRange): number {
    return isMap(this.kernel) ? runLength(range.count, this.#row, this.profile) : 1;
  }

  #bufferIndex(id: BufferId): number {
    return this.kernel.buffers.findIndex((b) => sameBuffer(b.id, id));
  }

  #int(name: string, value: number): string {
    this.#uniforms[name] = { type: 'i32', value };
    return `u.${name}`;
  }

  #declareUniforms(range: DispatchRange): void {
    const { kernel, layout } = this;
    this.#int('n', range.count);
    this.#int('start', range.start);
    layout.outer.forEach((size, k) => k > 0 && this.#int(`o${k}`, size));
    if (isMap(kernel)) this.#int('run', this.#run(range));
    else this.#int('m', product(layout.inner));
    layout.inner.forEach((size, k) => k > 0 && this.#int(`i${k}`, size));
    if (kernel.parts > 1) {
      this.#int('rows', product(layout.outer));
      this.#int('chunk', Math.ceil(product(layout.inner) / kernel.parts));
    }
    let n = 0;
    const declare = (form: FormLayout, buffer: number | undefined): string => {
      const name = `f${n++}`;
      const offset = form.offset - (buffer === undefined ? 0 : range.windows[buffer]!);
      if (offset !== 0) this.#int(name, offset);
      form.outer.forEach((s, k) => s !== 0 && s !== 1 && this.#int(`${name}o${k}`, s));
      form.inner.forEach((s, k) => s !== 0 && s !== 1 && this.#int(`${name}i${k}`, s));
      return name;
    };
    for (const { site } of this.#sites) {
      if (site.kind === 'scalar') this.#uniforms[`s${site.scalar}`] = scalarUniform(kernel.scalars[site.scalar]!);
      else {
        const name = declare(
          layout.forms.get(site.form)!,
          site.kind === 'load' ? this.#bufferIndex(site.buffer) : undefined,
        );
        this.#names.set(site, name);
        if (site.kind === 'load' && site.dynamic) {
          this.#int(`${name}s`, site.dynamic.stride);
          this.#int(`${name}e`, site.dynamic.extent);
        }
      }
    }
    for (const store of [...kernel.innerStores, ...kernel.outerStores]) {
      this.#names.set(store, declare(layout.forms.get(store.form)!, this.#bufferIndex(store.buffer)));
    }
    kernel.partials.forEach((buffer, k) => {
      const first = range.windows[this.#bufferIndex(buffer)]!;
      if (first !== 0) this.#int(`p${k}`, -first);
    });
    kernel.stages.flat().forEach((r, k) => {
      this.#names.set(r, `r${k}`);
      this.#names.set(r.result, `r${k}`);
      const { type, value } = identityOf(r.op, r.value.type);
      this.#uniforms[`e${k}`] = { type, value };
    });
  }

  /** Text of a form's value: offset and strides that are 0 or 1 leave no trace. */
  #index(name: string, form: FormLayout): string {
    const terms: string[] = [];
    const add = (loop: string, strides: readonly number[]): void =>
      strides.forEach((s, k) => {
        if (s !== 0) terms.push(s === 1 ? `${loop}${k}` : `${loop}${k} * u.${name}${loop}${k}`);
      });
    if (`${name}` in this.#uniforms) terms.push(`u.${name}`);
    add('o', form.outer);
    add('i', form.inner);
    return terms.length > 0 ? terms.join(' + ') : '0';
  }

  #resolve(value: Value, args: readonly string[]): string {
    const named = this.#names.get(value);
    if (named) return named;
    const site = siteOf(value);
    if (site.kind === 'scalar') {
      return this.kernel.scalars[site.scalar]!.dtype === 'bool' ? `(u.s${site.scalar} != 0u)` : `u.s${site.scalar}`;
    }
    const name = this.#names.get(site)!;
    const index = this.#index(name, this.layout.forms.get(site.form)!);
    return site.kind === 'form' ? `(${index})` : this.#load(site, name, index, args[0]);
  }

  #load(site: LoadSite, name: string, index: string, dynamic: string | undefined): string {
    const at = dynamic ? `${index} + clamp(i32(${dynamic}), 0, u.${name}e - 1) * u.${name}s` : index;
    const buffer = this.#bufferIndex(site.buffer);
    return loadText(`b${buffer}`, at, this.kernel.buffers[buffer]!.dtype, this.profile);
  }

  #body(): void {
    if (!isMap(this.kernel)) this.#foldBody();
    else if (this.#row > 1) this.#rowsBody();
    else this.#mapBody();
  }

  /** A loop over the invocation's rows: what their elements share is computed first, then one after the other. */
  #rowsBody(): void {
    const outer = this.layout.outer.slice(0, -1);
    const column = `o${outer.length}`;
    const top = new Emitter(target, (value, args) => this.#resolve(value, args));
    const values = this.kernel.outerStores.map((s) => s.value);
    this.#hoist(values, top, ({ outer: strides }) => strides[outer.length] !== 0);
    const elements = Array.from({ length: this.#row }, (_, k) => {
      const inner = top.child();
      inner.use(...values);
      const stores = this.kernel.outerStores.map((store) => this.#store(store, inner.value(store.value)));
      return ['{', `  let ${column} = ${k};`, ...[...inner.lines, ...stores].map((line) => `  ${line}`), '}'];
    });
    this.#lines.push(
      `let first = i32(id.x + id.y * groups.x * ${workgroupSize}u) * u.run;`,
      'let end = min(first + u.run, u.n);',
      ...coordinates('o', 'first + u.start', outer, 'var'),
      'for (var i = first; i < end; i++) {',
      ...[...top.lines, ...elements.flat(), ...advance('o', outer)].map((line) => `  ${line}`),
      '}',
    );
    this.#helpers = top.helpers;
  }

  /** A loop over the invocation's run of items. */
  #mapBody(): void {
    const top = new Emitter(target, (value, args) => this.#resolve(value, args));
    top.use(...this.kernel.outerStores.map((s) => s.value));
    const stores = this.kernel.outerStores.map((store) => this.#store(store, top.value(store.value)));
    this.#lines.push(
      `let first = i32(id.x + id.y * groups.x * ${workgroupSize}u) * u.run;`,
      'let end = min(first + u.run, u.n);',
      ...coordinates('o', 'first + u.start', this.layout.outer, 'var'),
      'for (var i = first; i < end; i++) {',
      ...[...top.lines, ...stores, ...advance('o', this.layout.outer)].map((line) => `  ${line}`),
      '}',
    );
    this.#helpers = top.helpers;
  }

  #foldBody(): void {
    const { kernel, layout } = this;
    const lines = this.#lines;
    if (this.#lanes > 1) lines.push('let i = i32(group.x + group.y * groups.x);');
    else lines.push(`let i = i32(id.x + id.y * groups.x * ${workgroupSize}u);`);
    lines.push('if (i >= u.n) { return; }', 'let item = i + u.start;');
    let row = 'item';
    if (kernel.parts > 1) {
      lines.push('let part = item / u.rows;', 'let row = item % u.rows;');
      row = 'row';
    }
    lines.push(...coordinates('o', row, layout.outer));
    const top = new Emitter(target, (value, args) => this.#resolve(value, args));
    const flush = (): void => void lines.push(...top.lines.splice(0));
    kernel.stages.forEach((stage) => this.#stage(stage, top, flush));
    if (kernel.innerStores.length > 0) this.#innerStores(top, flush);
    top.use(...kernel.outerStores.map((s) => s.value));
    const last = kernel.outerStores.map((store) => this.#store(store, top.value(store.value)));
    flush();
    kernel.partials.forEach((buffer, k) => {
      const at = `p${k}` in this.#uniforms ? `item + u.p${k}` : 'item';
      last.push(`b${this.#bufferIndex(buffer)}[${at}] = r${k};`);
    });
    if (this.#lanes > 1 && last.length > 0) lines.push(`if (lane == 0u) { ${last.join(' ')} }`);
    else lines.push(...last);
    this.#helpers = top.helpers;
  }

  #store(store: StoreSite, value: string): string {
    const index = this.#index(this.#names.get(store)!, this.layout.forms.get(store.form)!);
    const buffer = this.#bufferIndex(store.buffer);
    return storeText(`b${buffer}`, index, value, this.kernel.buffers[buffer]!.dtype, this.profile);
  }

  /**
   * Emits what does not change in the inner loops before them.
   * @param walks does a form change there?
   */
  #hoist(
    values: readonly Value[],
    top: Emitter,
    walks = (form: FormLayout): boolean => form.inner.some((s) => s !== 0),
  ): void {
    const depends = new Map<Value, boolean>();
    const visit = (v: Value): boolean => {
      let inner = depends.get(v);
      if (inner !== undefined) return inner;
      if (v.op === 'input') inner = !this.#names.has(v);
      else if (v.op === 'extern') {
        const site = siteOf(v);
        inner = site.kind !== 'scalar' && walks(this.layout.forms.get(site.form)!);
      } else inner = false;
      for (const arg of v.args) inner = visit(arg) || inner;
      depends.set(v, inner);
      if (inner) for (const arg of v.args) if (!depends.get(arg)) top.settle(arg);
      return inner;
    };
    for (const v of values) if (!visit(v)) top.settle(v);
  }

  /**
   * A loop over inner indices [from, to). Where an invocation takes them one after the other, coordinates are counted
   * up by the loop and only set before it, by `#pass`; else they are worked out from the index.
   */
  #loop(from: string, to: string, body: readonly string[]): string[] {
    const { inner } = this.layout;
    const turn = (at: string): string[] =>
      this.#counts ? [...body, ...advance('i', inner)] : [...coordinates('i', at, inner), ...body];
    const turns = Array.from({ length: this.#unroll }, (_, k) => turn(k === 0 ? 'j' : `j + ${k}`));
    const lines = turns.length === 1 ? turns[0]! : turns.flatMap((each) => ['{', ...each, '}']);
    const step = this.#lanes * this.#unroll;
    return [
      `for (var j = ${from}; j < ${to}; ${step === 1 ? 'j++' : `j += ${step}`}) {`,
      ...lines.map((line) => `  ${line}`),
      '}',
    ];
  }

  /** Are inner coordinates counted up instead of divided out? */
  get #counts(): boolean {
    return this.#lanes === 1 && this.layout.inner.length > 1;
  }

  /** Loops over inner indices from `from`, with the coordinates that they count. */
  #pass(from: string, loops: readonly string[]): string[] {
    if (!this.#counts) return [...loops];
    return ['{', ...[...coordinates('i', from, this.layout.inner, 'var'), ...loops].map((line) => `  ${line}`), '}'];
  }

  #stage(stage: readonly Reduction[], top: Emitter, flush: () => void): void {
    const lines = this.#lines;
    this.#hoist(
      stage.map((r) => r.value),
      top,
    );
    flush();
    const from = this.kernel.parts > 1 ? 'part * u.chunk' : this.#lanes > 1 ? 'i32(lane)' : '0';
    const first = this.kernel.parts > 1 && this.#lanes > 1 ? `${from} + i32(lane)` : from;
    const to = this.kernel.parts > 1 ? 'min((part + 1) * u.chunk, u.m)' : 'u.m';
    const names = stage.map((r) => this.#names.get(r)!);
    const end = `end_${names[0]}`;
    const blocked = stage.some((r) => r.op === 'sum' && r.value.type === 'f32') && this.#lanes === 1;
    const inner = top.child();
    const targets = stage.map((r, k) => (blocked && r.op === 'sum' ? `part_${names[k]}` : names[k]!));
    const folded = stage.map((r, k) => {
      const acc = this.kernel.graph.input(r.value.type, `accumulator ${names[k]}`);
      this.#names.set(acc, targets[k]!);
      return combine(this.kernel.graph, r.op, acc, r.value);
    });
    inner.use(...folded);
    const update = folded.map((value, k) => `${targets[k]} = ${inner.value(value)};`);
    const body = [...inner.lines, ...update];
    names.forEach((name) => lines.push(`var ${name} = u.e${name.slice(1)};`));
    if (!blocked) lines.push(...this.#pass(first, this.#loop(first, to, body)));
    else {
      const sums = names.filter((_, k) => stage[k]!.op === 'sum');
      const blocks = [
        `let ${end} = ${to};`,
        `for (var j0 = ${first}; j0 < ${end}; j0 += ${block}) {`,
        ...sums.map((name) => `  var part_${name} = u.e${name.slice(1)};`),
        ...this.#loop('j0', `min(j0 + ${block}, ${end})`, body).map((l) => `  ${l}`),
        ...sums.map((name) => `  ${name} += part_${name};`),
        '}',
      ];
      lines.push(...this.#pass(first, blocks));
    }
    if (this.#lanes > 1) names.forEach((name, k) => this.#tree(name, stage[k]!));
  }

  /** Folds the lanes' values in workgroup memory; every lane gets the result. */
  #tree(name: string, r: Reduction): void {
    const type = r.value.type;
    const shared = `w_${name}`;
    this.#workgroupVars.push(`var<workgroup> ${shared}: array<${type}, ${this.#lanes}>;`);
    const g = this.kernel.graph;
    // reductions of several types may share the kernel
    const [a, b] = [g.input(type, `lane a ${type}`), g.input(type, `lane b ${type}`)];
    const fold = new Emitter(target, (v) => (v === a ? `${shared}[lane]` : `${shared}[lane + width]`));
    const text = fold.value(combine(g, r.op, a, b));
    fold.helpers.forEach((h) => (this.#helpers = new Set([...this.#helpers, h])));
    this.#lines.push(
      `${shared}[lane] = ${name};`,
      'workgroupBarrier();',
      `for (var width = ${this.#lanes / 2}u; width > 0u; width /= 2u) {`,
      '  if (lane < width) {',
      ...fold.lines.map((l) => `    ${l}`),
      `    ${shared}[lane] = ${text};`,
      '  }',
      '  workgroupBarrier();',
      '}',
      `${name} = ${shared}[0];`,
    );
  }

  #innerStores(top: Emitter, flush: () => void): void {
    const stores = this.kernel.innerStores;
    this.#hoist(
      stores.map((s) => s.value),
      top,
    );
    flush();
    const inner = top.child();
    inner.use(...stores.map((s) => s.value));
    const writes = stores.map((store) => this.#store(store, inner.value(store.value)));
    const from = this.#lanes > 1 ? 'i32(lane)' : '0';
    this.#lines.push(...this.#pass(from, this.#loop(from, 'u.m', [...inner.lines, ...writes])));
  }
}
