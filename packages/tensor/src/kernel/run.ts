import type { AdapterProfile } from '../device/profile.js';
import type { DispatchRange } from './dispatch.js';
import type { Site } from './ir.js';
import type { KernelLayout } from './layout.js';

/** Invocations of a workgroup of a fused kernel. */
export const workgroupSize = 64;
const maxWorkgroups = 65535;
/** Elements that an invocation of a map takes one after the other on a software adapter. */
const longestRun = 32;
/** Invocations that keep all threads of a software adapter busy. */
const busyInvocations = 4096;

/**
 * Neighbouring items (of `lanes` elements each) that one invocation of a map computes. A real GPU wants neighbours in
 * neighbouring invocations. On a software adapter a run is three times as fast: index arithmetic (integer division
 * above all) is done once per run, and each lane keeps to its own cache line.
 */
export function runLength(items: number, lanes: number, profile: AdapterProfile): number {
  if (profile.kind !== 'software') return 1;
  return Math.min(Math.max(Math.floor(items / busyInvocations), 1), Math.floor(longestRun / lanes));
}

/** A number of workgroups as a grid that no dimension of exceeds WebGPU's limit. */
export function workgroupsOf(groups: number): [number, number, number] {
  const y = Math.ceil(groups / maxWorkgroups);
  return [Math.ceil(groups / y), y, 1];
}

/** Elements of the longest row that is written out. */
const longestRow = 4;

/**
 * Length of the rows that an invocation of a map takes as a whole: short ones of a gather, whose row number is then
 * read once (1.3 times as fast on a software adapter); else 1.
 */
export function shortRow(
  { outer, forms }: KernelLayout,
  sites: readonly { site: Site }[],
  { start, count }: DispatchRange,
  profile: AdapterProfile,
): number {
  const last = outer.length - 1;
  const size = outer[last] ?? 1;
  const fits = last >= 1 && size <= longestRow && start % size === 0 && count % size === 0;
  if (profile.kind !== 'software' || !fits) return 1;
  const loads = sites.map(({ site }) => site).filter((site) => site.kind === 'load');
  const gathers = loads.some((site) => site.dynamic);
  return gathers && loads.some((site) => !site.dynamic && forms.get(site.form)!.outer[last] === 0) ? size : 1;
}
