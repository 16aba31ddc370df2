import type { Node, Storage } from './node.js';

/** The node whose storage holds the elements of `node`, once it is computed: reshapes and picks share it. */
export function sourceOf(node: Node): { source: Node; index: number } {
  let n = node;
  while (n.is('reshape') && !n.realized) n = n.inputs[0]!;
  return n.is('pick') ? { source: n.inputs[0]!, index: n.attrs.index } : { source: n, index: 0 };
}

/** The storage of a computed node. */
export function storageOf(node: Node): Storage | undefined {
  const { source, index } = sourceOf(node);
  return source.storages?.[index];
}
