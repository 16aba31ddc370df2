import { host } from '#host';
import type { Node } from '../graph/node.js';

/**
 * CHIARO_DEBUG: 1 prints a table of kernels after each await and remembers the line of every operation, 2 adds their
 * WGSL, 3 the schedule with the reason of every split.
 */
export const debugLevel = Number(host.env('CHIARO_DEBUG') ?? 0);

/** Nodes deeper than this were most likely made by a loop that never asks for a result. */
const deepGraph = 20_000;

/** Remembers the user's line that made a node (when debugging), and warns of graphs that only grow. */
export function recordSite(node: Node): void {
  if (node.depth >= deepGraph && node.depth % deepGraph === 0) {
    host.warn(
      `a graph of ${node.depth} operations in a row has not been computed yet: a loop that carries a tensor from step to ` +
        'step should ask for it now and then (await x.data(), realize(x)), or run as a compiled step',
    );
  }
  if (debugLevel > 0) node.site = userLine(new Error().stack ?? '');
}

/** The first line of a stack trace outside this library. */
function userLine(stack: string): string | undefined {
  const lines = stack.split('\n').slice(2);
  const outside = lines.find(
    (l) => !/[\\/](packages|@chiaro)[\\/][a-z]+[\\/](src|dist)[\\/]/.test(l) || l.includes('.test.'),
  );
  return outside?.trim().replace(/^at /, '');
}
