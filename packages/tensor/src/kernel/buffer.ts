import type { DType } from '../dtype.js';
import type { Node } from '../graph/node.js';

/** A whole buffer that holds a node's elements: result `index` of a node that is, or will be, stored. */
export interface Backing {
  readonly kind: 'node';
  readonly node: Node;
  readonly index: number;
}

/** A buffer that lives only between two kernels of a schedule. */
export interface Temporary {
  readonly kind: 'temporary';
  readonly dtype: DType;
  readonly size: number;
}

/** A buffer as schedules and kernels name it. */
export type BufferId = Backing | Temporary;

/** Do two names mean one buffer? */
export const sameBuffer = (a: BufferId, b: BufferId): boolean =>
  a === b || (a.kind === 'node' && b.kind === 'node' && a.node === b.node && a.index === b.index);

/** Element type of a buffer. */
export function bufferDType(id: BufferId): DType {
  if (id.kind === 'temporary') return id.dtype;
  return id.node.is('program') ? id.node.attrs.outputs[id.index]!.dtype : id.node.dtype;
}
