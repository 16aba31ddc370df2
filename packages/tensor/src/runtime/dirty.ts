import type { Cell } from '../cell.js';
import type { Node } from '../graph/node.js';
import { storageOf } from '../graph/source.js';

/** Cells that were assigned a value which has not been computed yet. */
const dirty = new Map<number, WeakRef<Cell>>();
let next = 0;

/** Remembers that a cell waits for its value: the next await computes it, so that no history piles up. */
export function noteDirty(cell: Cell): void {
  dirty.set(next++, new WeakRef(cell));
}

/** Nodes of waiting cells that are still alive; they wait no longer. */
export function takeDirty(): Node[] {
  const nodes: Node[] = [];
  for (const ref of dirty.values()) {
    const cell = ref.deref();
    const node = cell?.disposed ? undefined : cell?.current;
    if (node && !storageOf(node)) nodes.push(node);
  }
  dirty.clear();
  return nodes;
}
