import { angleBetween } from '../poses.js';
import type { Head } from './heads.js';

/**
 * K frames spread evenly over the turns of the head: first the one that is turned least, then always the one that is farthest
 * from all that are chosen.
 * @returns indices in the order of the clip; all where K is the number of frames.
 */
export function chooseKeyFrames(heads: readonly Head[], count: number): number[] {
  const sizes = heads.map(({ rotation }) => Math.hypot(...rotation));
  const chosen = [sizes.indexOf(Math.min(...sizes))];
  const away = heads.map(() => Infinity);
  while (chosen.length < Math.min(count, heads.length)) {
    const latest = chosen[chosen.length - 1];
    heads.forEach((head, k) => (away[k] = Math.min(away[k], angleBetween(head.rotation, heads[latest].rotation))));
    for (const k of chosen) away[k] = -1;
    chosen.push(away.indexOf(Math.max(...away)));
  }
  return chosen.sort((a, b) => a - b);
}
