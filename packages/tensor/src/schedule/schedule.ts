import type { Value } from '../expr/index.js';
import type { Node } from '../graph/node.js';
import { bufferDType, sameBuffer, type Backing, type BufferId, type Temporary } from '../kernel/buffer.js';
import type { FusedKernel, KernelBuffer, Reduction, StoreSite } from '../kernel/ir.js';
import { sitesOf } from '../kernel/layout.js';
import { affine, combine, linearIndex, type Atom } from '../kernel/space.js';
import { contiguousStrides, sizeOf } from '../shape.js';
import { fuse, type FuseOptions, type Step } from './fuse.js';
import { labelOf, type Group, type Member } from './group.js';
import { backingOf } from './lower.js';
import type { Product } from './product.js';

/** A matmul or a convolution, with what is computed from each of its elements on the way to memory. */
export interface MatmulCall {
  readonly kind: 'matmul';
  readonly product: Product;
  /** Its outer stores are written from `accumulator`, an element of the product; undefined: the product is stored. */
  readonly epilogue: FusedKernel | undefined;
}

/** A program: hand-written kernels of the library's or a user's. */
export interface ProgramStep {
  readonly kind: 'program';
  readonly node: Node<'program'>;
  readonly inputs: readonly Backing[];
}

/** One entry of a schedule. */
export type Call = FusedKernel | MatmulCall | ProgramStep;

/** What must run, in order, to give nodes their elements. */
export interface Schedule {
  readonly calls: readonly Call[];
  /** Nodes whose buffers the schedule fills. */
  readonly stored: readonly Node[];
  /** What people want to know of each call. */
  readonly notes: readonly CallNote[];
}

/** Where a call comes from; used in messages only. */
export interface CallNote {
  /** Lines of user code that made its operations; recorded under CHIARO_DEBUG. */
  readonly sites: readonly string[];
  /** Why it is not part of an earlier kernel. */
  readonly why: () => string;
}

/** Plans the kernels that compute `roots`. */
export function schedule(roots: readonly Node[], options: FuseOptions): Schedule {
  const calls: Call[] = [];
  const stored: Node[] = [];
  const notes: CallNote[] = [];
  for (const step of fuse(roots, options)) {
    const made = callsOf(step);
    calls.push(...made);
    notes.push(...made.map((_, i) => noteOf(step, i)));
    if (step.kind === 'group') stored.push(...step.group.stores);
    else if (step.kind === 'matmul') stored.push(...step.epilogue.stores);
    else stored.push(step.node);
    if (step.kind === 'concat') stored.push(...step.parts.flatMap((group) => [...group.stores]));
  }
  return { calls, stored, notes };
}

/** The note of a step's call number `index`. */
function noteOf(step: Step, index: number): CallNote {
  const sites = new Set(nodesOf(step, index).flatMap((n) => n.site ?? []));
  const folds = step.kind === 'group' && index > 0;
  return { sites: [...sites], why: folds ? () => 'folds the parts of the kernel before it' : step.why };
}

function nodesOf(step: Step, index: number): readonly Node[] {
  if (step.kind === 'program') return [step.node];
  if (step.kind === 'concat') return [...step.parts[index]!.lowering.computed, step.node];
  if (step.kind === 'matmul') return [step.product.node, ...step.epilogue.lowering.computed];
  return step.group.parts > 1 ? phasesOf(step.group)[index]! : step.group.lowering.computed;
}

function callsOf(step: Step): Call[] {
  if (step.kind === 'group') return groupCalls(step.group);
  if (step.kind === 'concat') return concatCalls(step.node, step.parts);
  if (step.kind === 'program') {
    const inputs = step.node.inputs.map((n) => backingOf(n, (s) => !s.is('reshape') || s.realized)!);
    return [{ kind: 'program', node: step.node, inputs }];
  }
  const { product, epilogue } = step;
  const plain = epilogue.members.size === 1;
  const stores = storesOf(epilogue, 'outer');
  const accumulator = epilogue.members.get(product.node)!.value;
  return [{ kind: 'matmul', product, epilogue: plain ? undefined : kernel(epilogue, { outer: stores, accumulator }) }];
}

function groupCalls(group: Group): Call[] {
  if (group.stores.size === 0) return [];
  const outer = storesOf(group, 'outer');
  if (group.parts === 1) return [kernel(group, { outer, inner: storesOf(group, 'inner'), stages: stagesOf(group) })];
  // a long reduction: partial results first, then a kernel that folds them and runs the epilogue
  const stage = stagesOf(group)[0]!;
  const size = sizeOf(group.outerShape) * group.parts;
  const partials = group.stages[0]!.map(({ node }): Temporary => {
    const dtype = node.dtype === 'float16' ? 'float32' : node.dtype;
    return { kind: 'temporary', dtype, size };
  });
  const part: Atom = { size: group.parts, parts: undefined };
  const at = combine([
    [linearIndex(group.outerCoords, group.outerShape), 1],
    [{ offset: 0, terms: [[part, 1]] }, sizeOf(group.outerShape)],
  ]);
  const [before, after] = phasesOf(group);
  const fold = stage.map((r, k) => ({ ...r, value: group.lowering.load(partials[k]!, at, partials[k]!.dtype) }));
  return [
    kernel(group, { stages: [stage], parts: group.parts, partials, label: `${labelOf(before)} (parts)` }),
    kernel(group, { stages: [fold], inner: [], outer, innerAtoms: [part], label: `${labelOf(after)} (fold)` }),
  ];
}

/** What a long reduction computes in its parts, and what from their results. */
function phasesOf(group: Group): [before: Node[], after: Node[]] {
  const { computed } = group.lowering;
  const last = computed.reduce((at, n, i) => (n.is('reduce') ? i : at), -1);
  return [computed.slice(0, last + 1), computed.filter((n, i) => i > last || n.is('reduce'))];
}

/** Every part is stored at its place in the whole; parts that one group computes share a kernel. */
function concatCalls(node: Node<'concat'>, groups: readonly Group[]): Call[] {
  const { dim } = node.attrs;
  const stride = contiguousStrides(node.shape)[dim]!;
  const buffer: Backing = { kind: 'node', node, index: 0 };
  let start = 0;
  return groups.map((group) => {
    const base = linearIndex(group.coords, node.shape);
    const outer = group.pieces.map((piece): StoreSite => {
      const form = affine(base, 1, start * stride);
      start += piece.node.shape[dim]!;
      return { buffer, form, value: piece.value };
    });
    return kernel(group, { outer: [...outer, ...storesOf(group, 'outer')] });
  });
}

function stagesOf(group: Group): Reduction[][] {
  return group.stages.map((stage) => stage.map(({ op, value, result }) => ({ op, value, result })));
}

function storesOf(group: Group, level: Member['level']): StoreSite[] {
  const stores: StoreSite[] = [];
  for (const node of group.stores) {
    const member = group.members.get(node)!;
    if (member.level !== level) continue;
    const form = linearIndex(member.coords, node.shape);
    stores.push({ buffer: { kind: 'node', node, index: 0 }, form, value: member.value });
  }
  return stores;
}

interface KernelParts {
  readonly stages?: Reduction[][];
  readonly inner?: StoreSite[];
  readonly outer?: StoreSite[];
  readonly innerAtoms?: readonly Atom[];
  readonly parts?: number;
  readonly partials?: readonly Temporary[];
  readonly accumulator?: Value;
  readonly label?: string;
}

/** A kernel of what a group computes, binding just the buffers that its stages and stores use. */
function kernel(group: Group, given: KernelParts): FusedKernel {
  const { stages = [], inner = [], outer = [], innerAtoms = group.inner, parts = 1, partials = [] } = given;
  const buffers: KernelBuffer[] = [];
  const bind = (id: BufferId, access: KernelBuffer['access']): void => {
    if (!buffers.some((b) => sameBuffer(b.id, id))) buffers.push({ id, dtype: bufferDType(id), access });
  };
  const written = [...inner, ...outer].map((s) => s.buffer);
  const { graph, scalars } = group.lowering;
  const sites = sitesOf({ stages, innerStores: inner, outerStores: outer });
  for (const { site } of sites) if (site.kind === 'load') bind(site.buffer, 'read');
  for (const id of [...written, ...partials]) bind(id, 'read_write');
  return {
    kind: 'fused',
    label: given.label ?? labelOf(group.lowering.computed),
    graph,
    outer: group.outer,
    inner: stages.length > 0 || inner.length > 0 ? innerAtoms : [],
    buffers,
    scalars,
    stages,
    innerStores: inner,
    outerStores: outer,
    parts,
    accumulator: given.accumulator,
    partials,
  };
}
