/** Replaces the leaves of a tree of arrays and plain objects; everything else is a leaf. */
export function mapTree(tree: unknown, leaf: (value: unknown) => unknown): unknown {
  if (Array.isArray(tree)) return tree.map((item) => mapTree(item, leaf));
  if (isPlainObject(tree)) return Object.fromEntries(Object.entries(tree).map(([k, v]) => [k, mapTree(v, leaf)]));
  return leaf(tree);
}

/** The leaves of a tree, in order. */
export function leavesOf(tree: unknown): unknown[] {
  if (Array.isArray(tree)) return tree.flatMap(leavesOf);
  return isPlainObject(tree) ? Object.values(tree).flatMap(leavesOf) : [tree];
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
