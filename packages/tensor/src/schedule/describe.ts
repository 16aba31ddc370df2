import type { BufferId } from '../kernel/buffer.js';
import { bufferDType } from '../kernel/buffer.js';
import type { Atom } from '../kernel/space.js';
import { leaves } from '../kernel/space.js';
import { showShape } from '../shape.js';
import type { Call, Schedule } from './schedule.js';

/** A schedule as text: every kernel with its loops, what it reads and writes, and why it is one of its own. */
export function describeSchedule({ calls, notes }: Schedule): string {
  const names = new Map<BufferId, string>();
  const name = (id: BufferId): string => {
    const shape = id.kind === 'temporary' ? [id.size] : shapeOf(id.node, id.index);
    const known = id.kind === 'node' ? `#${id.node.id}` : (names.get(id) ?? `partial${names.size}`);
    if (id.kind === 'temporary') names.set(id, known);
    return `${known} ${bufferDType(id)}${showShape(shape)}`;
  };
  const lines = calls.flatMap((call, i) => [
    `${String(i + 1).padStart(3)}. ${title(call)}`,
    ...traffic(call, name).map((text) => `     ${text}`),
    `     why: ${notes[i]!.why()}`,
  ]);
  return [`schedule of ${calls.length} ${calls.length === 1 ? 'step' : 'steps'}`, ...lines].join('\n');
}

const shapeOf = (node: Extract<BufferId, { kind: 'node' }>['node'], index: number): readonly number[] =>
  node.is('program') ? node.attrs.outputs[index]!.shape : node.shape;

function title(call: Call): string {
  if (call.kind === 'program') return `program ${call.node.attrs.name}`;
  if (call.kind === 'matmul') {
    const { prim } = call.product.node;
    return call.epilogue ? `${prim} + ${call.epilogue.label}` : prim;
  }
  const loops = sizes(call.outer);
  return call.inner.length === 0
    ? `${call.label}, over ${loops}`
    : `${call.label}, over ${loops} folding ${sizes(call.inner)}`;
}

const sizes = (atoms: readonly Atom[]): string => showShape(atoms.flatMap(leaves).map((a) => a.size));

function traffic(call: Call, name: (id: BufferId) => string): string[] {
  const say = (verb: string, ids: readonly BufferId[]): string[] =>
    ids.length > 0 ? [`${verb} ${[...new Set(ids.map(name))].join(', ')}`] : [];
  if (call.kind === 'program') return [...say('reads', call.inputs), ...say('writes', programOutputs(call.node))];
  const fused = call.kind === 'matmul' ? call.epilogue : call;
  const read = fused?.buffers.filter((b) => b.access === 'read').map((b) => b.id) ?? [];
  const written = fused?.buffers.filter((b) => b.access === 'read_write').map((b) => b.id) ?? [];
  if (call.kind === 'fused') return [...say('reads', read), ...say('writes', written)];
  const product: BufferId = { kind: 'node', node: call.product.node, index: 0 };
  return [...say('reads', [call.product.a, call.product.b, ...read]), ...say('writes', fused ? written : [product])];
}

const programOutputs = (node: Extract<Call, { kind: 'program' }>['node']): BufferId[] =>
  node.attrs.outputs.map((_, index): BufferId => ({ kind: 'node', node, index }));
