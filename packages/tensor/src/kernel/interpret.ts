import { Emitter, js, jsLibrary, type Value } from '../expr/index.js';
import { sameBuffer, type BufferId } from './buffer.js';
import type { HostArray } from './dispatch.js';
import { combine, identityOf } from './fold.js';
import type { FusedKernel, Site, StoreSite } from './ir.js';
import { layoutOf, siteOf, sitesOf, type FormLayout } from './layout.js';

/**
 * Runs a fused kernel in float64 on the host: the oracle that the GPU is tested against. It is written from the same
 * kernel IR as the WGSL, but sums without blocks and in another number format. `product` holds what the accumulator
 * of a matmul's epilogue stands for.
 */
export function interpret(
  kernel: FusedKernel,
  buffers: readonly HostArray[],
  argumentsGiven: readonly number[],
  product?: HostArray,
): void {
  const sites = sitesOf(kernel);
  const layout = layoutOf(kernel, sites);
  const numbers: number[] = [];
  const number = (value: number): string => `k[${numbers.push(value) - 1}]`;
  const results = new Map<Value, string>();
  const allReductions = kernel.stages.flat();
  allReductions.forEach((r, k) => results.set(r.result, `r${k}`));

  const bufferName = (id: BufferId): string => `b[${kernel.buffers.findIndex((b) => sameBuffer(b.id, id))}]`;
  const index = (form: FormLayout): string => {
    const terms = (loop: 'o' | 'i', strides: readonly number[]): string[] =>
      strides.flatMap((s, k) => (s === 0 ? [] : [`${loop}${k} * ${number(s)}`]));
    return [number(form.offset), ...terms('o', form.outer), ...terms('i', form.inner)].join(' + ');
  };
  const at = (form: Site & { form: FusedKernel['outerStores'][number]['form'] }): string =>
    index(layout.forms.get(form.form)!);
  const resolve = (value: Value, args: readonly string[]): string => {
    const result = value === kernel.accumulator ? 'product[item]' : results.get(value);
    if (result) return result;
    const site = siteOf(value);
    if (site.kind === 'scalar') {
      const { value: baked, argument } = kernel.scalars[site.scalar]!;
      return number(argument === undefined ? baked : argumentsGiven[argument]!);
    }
    if (site.kind === 'form') return `(${at(site)})`;
    const buffer = bufferName(site.buffer);
    if (!site.dynamic) return `read(${buffer}, ${at(site)})`;
    const { stride, extent } = site.dynamic;
    return `read(${buffer}, ${at(site)} + Math.min(Math.max(${args[0]!}, 0), ${number(extent - 1)}) * ${number(stride)})`;
  };
  const store = (s: StoreSite, value: string): string =>
    `${bufferName(s.buffer)}[${index(layout.forms.get(s.form)!)}] = ${value};`;
  const loops = (loop: 'o' | 'i', body: readonly string[]): string[] => {
    const sizes = loop === 'o' ? layout.outer : layout.inner;
    return sizes.reduceRight<string[]>(
      (text, size, k) => [`for (let ${loop}${k} = 0; ${loop}${k} < ${number(size)}; ${loop}${k}++) {`, ...text, '}'],
      [...body],
    );
  };

  const top = new Emitter(js, resolve);
  const body: string[] = [];
  let next = 0;
  for (const stage of kernel.stages) {
    const inner = top.child();
    const updates = stage.map((r) => {
      const name = results.get(r.result)!;
      body.push(`let ${name} = ${number(identityOf(r.op, r.value.type).value)};`);
      const acc = kernel.graph.input(r.value.type, `accumulator r${next++}`);
      results.set(acc, name);
      return [name, combine(kernel.graph, r.op, acc, r.value)] as const;
    });
    inner.use(...updates.map(([, value]) => value));
    const texts = updates.map(([name, value]) => `${name} = ${inner.value(value)};`);
    body.push(...loops('i', [...inner.lines, ...texts]));
  }
  if (kernel.innerStores.length > 0) {
    const inner = top.child();
    inner.use(...kernel.innerStores.map((s) => s.value));
    const writes = kernel.innerStores.map((s) => store(s, inner.value(s.value)));
    body.push(...loops('i', [...inner.lines, ...writes]));
  }
  top.use(...kernel.outerStores.map((s) => s.value));
  const writes = kernel.outerStores.map((s) => store(s, top.value(s.value)));
  kernel.partials.forEach((buffer, k) => {
    // the whole sum stands in the first part, zeros (the identity) in the others
    const { op, value } = allReductions[k]!;
    const rows = layout.outer.reduce((a, b) => a * b, 1);
    writes.push(
      `for (let p = 0; p < ${number(kernel.parts)}; p++) ${bufferName(buffer)}[p * ${number(rows)} + item] = ` +
        `p === 0 ? r${k} : ${number(identityOf(op, value.type).value)};`,
    );
  });
  body.push(...top.lines, ...writes, 'item++;');
  const code = ['let item = 0;', ...loops('o', body)].join('\n');
  const read = (buffer: HostArray, i: number): number => (i >= 0 && i < buffer.length ? buffer[i]! : 0);
  const run = new Function('b', 'k', 'read', 'product', '$', code) as (...given: unknown[]) => void;
  run(buffers, numbers, read, product, jsLibrary);
}
