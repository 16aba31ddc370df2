import type { AdapterProfile } from '../device/profile.js';
import { scalarType } from '../dtype.js';
import { Emitter, laneType, reachable, wgslHelpers, wgslTarget, type ScalarType, type Value } from '../expr/index.js';
import { sameBuffer, type BufferId } from './buffer.js';
import { advance, coordinates } from './counters.js';
import type { Dispatch, DispatchRange, UniformValue } from './dispatch.js';
import type { FusedKernel, KernelScalar, Site } from './ir.js';
import { subjectOf, type FormLayout, type KernelLayout } from './layout.js';
import { runLength, workgroupsOf, workgroupSize } from './run.js';

const lanes = 4;
const target = wgslTarget({ lanes });
/** Fewer elements gain nothing that anybody would notice, and keep to one text for all sizes. */
const fewest = 2 ** 16;

/** How a form walks the elements of the innermost loop: one by one, or not at all. */
type Walk = 'wide' | 'still';

/**
 * A map over contiguous elements in groups of four: loads, stores and arithmetic on vectors. On lavapipe such a map is
 * 1.5 to 2 times as fast as one by single elements, whose every load gathers lane by lane. Undefined where the adapter
 * does not gain or the map does not fit: elements that lie apart, indices from data, loops, float16.
 */
export function wideMap(
  kernel: FusedKernel,
  layout: KernelLayout,
  sites: readonly { value: Value; site: Site }[],
  range: DispatchRange,
  profile: AdapterProfile,
): Dispatch | undefined {
  if (range.count < fewest || (profile.kind !== 'software' && !profile.tuning)) return undefined;
  const walks = walksOf(kernel, layout, sites, range);
  if (!walks || kernel.outerStores.some((s) => hasLoop(s.value))) return undefined;
  const usual = profile.kind === 'software' ? 'four at once' : 'one by one';
  const subject = `map ${subjectOf(kernel, layout)}`;
  const chosen = profile.tuning?.choose(subject, ['one by one', 'four at once'], usual) ?? usual;
  if (chosen === 'one by one') return undefined;
  return new WideText(kernel, layout, sites, range, profile, walks).dispatch();
}

const hasLoop = (value: Value): boolean => reachable([value]).some((v) => v.op === 'loop');

/** How each buffer is walked, if all of its accesses agree and groups of four never straddle. */
function walksOf(
  kernel: FusedKernel,
  layout: KernelLayout,
  sites: readonly { site: Site }[],
  range: DispatchRange,
): (Walk | undefined)[] | undefined {
  const whole = (n: number): boolean => n % lanes === 0;
  const last = layout.outer.length - 1;
  if (last < 0 || ![range.start, range.count, layout.outer[last]!].every(whole)) return undefined;
  const walks: (Walk | undefined)[] = kernel.buffers.map(() => undefined);
  const accesses: { buffer: BufferId; form: FormLayout }[] = kernel.outerStores.map(({ buffer, form }) => ({
    buffer,
    form: layout.forms.get(form)!,
  }));
  if (accesses.some(({ form }) => form.outer[last] !== 1)) return undefined;
  for (const { site } of sites) {
    if (site.kind !== 'load') continue;
    if (site.dynamic) return undefined;
    accesses.push({ buffer: site.buffer, form: layout.forms.get(site.form)! });
  }
  for (const { buffer, form } of accesses) {
    const index = kernel.buffers.findIndex((b) => sameBuffer(b.id, buffer));
    const step = form.outer[last]!;
    const walk = step === 1 ? 'wide' : step === 0 ? 'still' : undefined;
    const fits = walk === 'still' || [form.offset, range.windows[index]!, ...form.outer.slice(0, last)].every(whole);
    if (!walk || !fits || (walks[index] ?? walk) !== walk || kernel.buffers[index]!.dtype === 'float16') {
      return undefined;
    }
    walks[index] = walk;
  }
  return walks;
}

/** What a number of the graph is in the uniform block. */
export function scalarUniform({ dtype, value, argument }: KernelScalar): UniformValue {
  const type = dtype === 'bool' ? 'u32' : (scalarType[dtype] as 'f32' | 'i32' | 'u32');
  return argument === undefined ? { type, value } : { type, value, argument };
}

class WideText {
  readonly #uniforms: Record<string, UniformValue> = {};
  readonly #texts = new Map<Value, string>();
  #forms = 0;

  constructor(
    private readonly kernel: FusedKernel,
    private readonly layout: KernelLayout,
    private readonly sites: readonly { value: Value; site: Site }[],
    private readonly range: DispatchRange,
    private readonly profile: AdapterProfile,
    private readonly walks: readonly (Walk | undefined)[],
  ) {}

  dispatch(): Dispatch {
    const { kernel, range } = this;
    const items = range.count / lanes;
    const run = runLength(items, lanes, this.profile);
    const last = this.layout.outer.length - 1;
    const sizes = this.layout.outer.map((size, k) => (k === last ? size / lanes : size));
    this.#int('n', items);
    this.#int('start', range.start / lanes);
    sizes.forEach((size, k) => k > 0 && this.#int(`o${k}`, size));
    this.#int('run', run);
    for (const { value, site } of this.sites) this.#texts.set(value, this.#site(value.type, site));
    const emitter = new Emitter(target, (value) => this.#texts.get(value)!);
    emitter.use(...kernel.outerStores.map((s) => s.value));
    const stores = kernel.outerStores.map(({ buffer, form, value }) => {
      const text = emitter.value(value);
      const at = this.#index(this.layout.forms.get(form)!, this.#buffer(buffer));
      return `${at} = ${value.type === 'bool' ? `select(vec4u(), vec4u(1u), ${text})` : text};`;
    });
    const lines = [
      `let first = i32(id.x + id.y * groups.x * ${workgroupSize}u) * u.run;`,
      'let end = min(first + u.run, u.n);',
      ...coordinates('o', 'first + u.start', sizes, 'var'),
      'for (var i = first; i < end; i++) {',
      ...[...emitter.lines, ...stores, ...advance('o', sizes)].map((line) => `  ${line}`),
      '}',
    ];
    return {
      label: kernel.label,
      code: [
        wgslHelpers(emitter.helpers, lanes),
        `@compute @workgroup_size(${workgroupSize})`,
        'fn main(@builtin(num_workgroups) groups: vec3u, @builtin(global_invocation_id) id: vec3u) {',
        ...lines.map((line) => `  ${line}`),
        '}',
      ].join('\n'),
      buffers: kernel.buffers.map(({ dtype, access }, index) => {
        const type = dtype === 'bool' ? 'u32' : scalarType[dtype];
        const element = this.walks[index] === 'wide' ? laneType(type, lanes) : type;
        return { name: `b${index}`, ref: { kind: 'input', index }, element, access };
      }),
      uniforms: this.#uniforms,
      workgroups: workgroupsOf(Math.ceil(items / (workgroupSize * run))),
    };
  }

  #int(name: string, value: number): string {
    this.#uniforms[name] = { type: 'i32', value };
    return `u.${name}`;
  }

  #buffer(id: BufferId): number {
    return this.kernel.buffers.findIndex((b) => sameBuffer(b.id, id));
  }

  #site(type: ScalarType, site: Site): string {
    const wide = (text: string): string => `${laneType(type, lanes)}(${text})`;
    if (site.kind === 'scalar') {
      this.#uniforms[`s${site.scalar}`] = scalarUniform(this.kernel.scalars[site.scalar]!);
      return wide(type === 'bool' ? `u.s${site.scalar} != 0u` : `u.s${site.scalar}`);
    }
    const form = this.layout.forms.get(site.form)!;
    if (site.kind === 'form') return this.#formValue(form);
    const buffer = this.#buffer(site.buffer);
    const element = this.#index(form, buffer);
    if (this.walks[buffer] === 'still') return wide(type === 'bool' ? `${element} != 0u` : element);
    return type === 'bool' ? `(${element} != vec4u())` : element;
  }

  /** The access of a buffer: its group of four, or the one element that a group shares. */
  #index(form: FormLayout, buffer: number): string {
    const scale = this.walks[buffer] === 'wide' ? lanes : 1;
    const last = form.outer.length - 1;
    const strides = form.outer.map((s, k) => (k === last ? s : s / scale));
    return `b${buffer}[${this.#sum((form.offset - this.range.windows[buffer]!) / scale, strides)}]`;
  }

  /** The values of an affine form at the four elements of a group. */
  #formValue(form: FormLayout): string {
    const last = form.outer.length - 1;
    const step = form.outer[last]!;
    const sum = this.#sum(
      form.offset,
      form.outer.map((s, k) => (k === last ? s * lanes : s)),
    );
    return step === 0
      ? `vec4i(${sum})`
      : `(vec4i(${sum}) + vec4i(0, 1, 2, 3) * ${this.#int(`d${this.#forms++}`, step)})`;
  }

  /** offset + sum of stride * coordinate: what is 0 or 1 leaves no trace. */
  #sum(offset: number, strides: readonly number[]): string {
    const name = `f${this.#forms++}`;
    const terms = offset === 0 ? [] : [this.#int(name, offset)];
    strides.forEach((s, k) => {
      if (s !== 0) terms.push(s === 1 ? `o${k}` : `o${k} * ${this.#int(`${name}o${k}`, s)}`);
    });
    return terms.length > 0 ? terms.join(' + ') : '0';
  }
}
