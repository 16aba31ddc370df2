import type { AdapterProfile } from '../device/profile.js';
import { costOf } from '../schedule/cost.js';
import type { FusedKernel } from './ir.js';
import { subjectOf, type KernelLayout } from './layout.js';
import { workgroupSize } from './run.js';

/** How a kernel goes through its inner loops. */
interface FoldVariant {
  /** Invocations that share one row. */
  readonly lanes: number;
  /** Terms per turn of the loop. */
  readonly unroll: number;
}

const alone: FoldVariant = { lanes: 1, unroll: 1 };
/** By the names that measured choices are kept under. */
const variants: Readonly<Record<string, FoldVariant>> = {
  alone,
  'alone by fours': { lanes: 1, unroll: 4 },
  together: { lanes: workgroupSize, unroll: 1 },
};

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** Operations of a term that is cheap beside a turn of the loop. */
const cheapTerm = 8;

/** How a kernel goes through its inner loops on an adapter. */
export function foldVariant(kernel: FusedKernel, layout: KernelLayout, profile: AdapterProfile): FoldVariant {
  if (kernel.stages.length === 0) return alone;
  const usual = usualOf(kernel, layout, profile);
  const fit = ['alone'];
  if (unrolls(kernel, layout)) fit.push('alone by fours');
  if (product(layout.inner) >= workgroupSize) fit.push('together');
  return variants[profile.tuning?.choose(`fold ${subjectOf(kernel, layout)}`, fit, usual) ?? usual]!;
}

/** A real GPU shares a long row among a workgroup; the barriers of that are dear on a software adapter. */
function usualOf(kernel: FusedKernel, layout: KernelLayout, profile: AdapterProfile): string {
  if (profile.kind !== 'software') return product(layout.inner) >= workgroupSize ? 'together' : 'alone';
  return unrollPays(kernel, layout) ? 'alone by fours' : 'alone';
}

/** May four terms be computed per turn? */
function unrolls(kernel: FusedKernel, layout: KernelLayout): boolean {
  const length = product(layout.inner);
  const divides = length % 4 === 0 && Math.ceil(length / kernel.parts) % 4 === 0;
  return divides && kernel.stages.length === 1 && kernel.innerStores.length === 0;
}

/**
 * Is the loop of a long, cheap reduction written out four times on a software adapter? Its lanes pay for each turn of a
 * loop, so that four terms per turn make such a sum 1.5 times as fast. It costs compile time, hence only for large ones.
 */
function unrollPays(kernel: FusedKernel, layout: KernelLayout): boolean {
  const length = product(layout.inner);
  if (!unrolls(kernel, layout) || length < 1024) return false;
  const cheap = costOf(kernel.stages[0]!.map((r) => r.value)) <= cheapTerm;
  return cheap && length * product(layout.outer) >= 2 ** 20;
}
