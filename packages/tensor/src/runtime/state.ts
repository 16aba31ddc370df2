import { Cell } from '../cell.js';
import type { DType, TypedArray } from '../dtype.js';
import { ChiaroError } from '../errors.js';
import { Generator, type GeneratorState } from '../generator.js';
import { fromData } from '../ops/nodes.js';
import { sameShape, showShape, type Shape } from '../shape.js';
import { leavesOf } from './tree.js';

/** A cell's elements, or a generator's position. */
export type SavedCell =
  | { readonly kind: 'cell'; readonly shape: Shape; readonly dtype: DType; readonly data: TypedArray }
  | { readonly kind: 'generator'; readonly state: GeneratorState };

/** Cells and generators of a tree, in order: what survives the loss of a device, or goes into a checkpoint. */
export interface SavedState {
  readonly formatVersion: 1;
  readonly entries: readonly SavedCell[];
}

const stateOf = (tree: unknown): (Cell | Generator)[] =>
  leavesOf(tree).filter((leaf): leaf is Cell | Generator => leaf instanceof Cell || leaf instanceof Generator);

/** Copies the cells and generators of a tree (arrays and plain objects) to the host. */
export async function saveState(tree: unknown): Promise<SavedState> {
  const entries: SavedCell[] = [];
  for (const item of stateOf(tree)) {
    if (item instanceof Generator) entries.push({ kind: 'generator', state: item.state });
    else entries.push({ kind: 'cell', shape: item.shape, dtype: item.dtype, data: await item.data() });
  }
  return { formatVersion: 1, entries };
}

/**
 * Puts a saved state into the cells and generators of a tree of the same structure; works on a new device as well.
 * @throws ChiaroError, before anything is changed, when structure, shapes or dtypes differ.
 */
export function loadState(tree: unknown, { entries }: SavedState): void {
  const items = stateOf(tree);
  if (items.length !== entries.length) {
    throw new ChiaroError(
      `loadState: the state has ${entries.length} entries, the tree ${items.length} cells and generators`,
    );
  }
  items.forEach((item, i) => {
    const entry = entries[i]!;
    const fits =
      item instanceof Generator
        ? entry.kind === 'generator'
        : entry.kind === 'cell' && sameShape(entry.shape, item.shape) && entry.dtype === item.dtype;
    if (fits) return;
    const have = item instanceof Generator ? 'a generator' : `${item.dtype}${showShape(item.shape)}`;
    const got = entry.kind === 'generator' ? 'a generator' : `${entry.dtype}${showShape(entry.shape)}`;
    throw new ChiaroError(`loadState: entry ${i} is ${got}, but the tree has ${have} there`);
  });
  items.forEach((item, i) => {
    const entry = entries[i]!;
    if (item instanceof Generator && entry.kind === 'generator') item.state = entry.state;
    else if (item instanceof Cell && entry.kind === 'cell') item.assign(fromData(entry.data, entry.shape, entry.dtype));
  });
}
