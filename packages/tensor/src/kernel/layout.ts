import { externOf, type Value } from '../expr/index.js';
import { resolve, leaves, type Atom, type Form } from './space.js';
import type { FormSite, FusedKernel, LoadSite, Site } from './ir.js';

/** A form as strides over the collapsed dimensions of a kernel. */
export interface FormLayout {
  readonly offset: number;
  readonly outer: readonly number[];
  readonly inner: readonly number[];
}

/** The loops of a kernel after merging those that every form walks through as one. */
export interface KernelLayout {
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  readonly forms: ReadonlyMap<Form, FormLayout>;
}

/** The site behind an extern value. */
export const siteOf = (value: Value): Site => externOf(value).attr as Site;

/** Extern values that a kernel evaluates, in a fixed order. */
export function sitesOf(
  kernel: Pick<FusedKernel, 'stages' | 'innerStores' | 'outerStores'>,
): { value: Value; site: Site }[] {
  const found: { value: Value; site: Site }[] = [];
  const seen = new Set<Value>();
  const visit = (value: Value): void => {
    if (seen.has(value)) return;
    seen.add(value);
    value.args.forEach(visit);
    if (value.op === 'extern') found.push({ value, site: siteOf(value) });
  };
  for (const stage of kernel.stages) stage.forEach((r) => visit(r.value));
  for (const store of [...kernel.innerStores, ...kernel.outerStores]) visit(store.value);
  return found;
}

/** What a kernel is measured by: its operations, sizes and element types. */
export const subjectOf = ({ label, buffers, parts }: FusedKernel, { outer, inner }: KernelLayout): string =>
  `${label} ${outer.join(' x ')} ${inner.join(' x ')} ${parts} ${buffers.map((b) => b.dtype).join()}`;

/** Collapses the loops of a kernel, given the sites it evaluates. */
export function layoutOf(kernel: FusedKernel, sites: readonly { site: Site }[]): KernelLayout {
  const forms: Form[] = [
    ...sites
      .map(({ site }) => site)
      .filter((s): s is LoadSite | FormSite => s.kind !== 'scalar')
      .map((s) => s.form),
    ...[...kernel.innerStores, ...kernel.outerStores].map((s) => s.form),
  ];
  const maps = forms.map((form) => new Map(resolve(form).terms));
  const outer = collapse(kernel.outer.flatMap(leaves), maps);
  const inner = collapse(kernel.inner.flatMap(leaves), maps);
  return {
    outer: outer.sizes,
    inner: inner.sizes,
    forms: new Map(
      forms.map((form, i) => [form, { offset: form.offset, outer: outer.strides[i]!, inner: inner.strides[i]! }]),
    ),
  };
}

/** Merges neighbouring loops that all forms walk with one stride. */
function collapse(atoms: readonly Atom[], forms: readonly ReadonlyMap<Atom, number>[]) {
  const sizes: number[] = [];
  const strides: number[][] = forms.map(() => []);
  for (const atom of atoms) {
    if (atom.size === 1) continue;
    const last = sizes.length - 1;
    const merges = last >= 0 && forms.every((form, i) => strides[i]![last] === (form.get(atom) ?? 0) * atom.size);
    forms.forEach((form, i) => {
      const stride = form.get(atom) ?? 0;
      if (merges) strides[i]![last] = stride;
      else strides[i]!.push(stride);
    });
    if (merges) sizes[last]! *= atom.size;
    else sizes.push(atom.size);
  }
  return { sizes, strides };
}
