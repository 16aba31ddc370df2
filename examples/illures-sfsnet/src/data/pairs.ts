import { Draws } from '@chiaro/faces';

/** Numbers of two entries. */
export type Pair = readonly [number, number];

/** All pairs of entries of one group (a clip, an identity), each once, the order of the two drawn. */
function pairsWithin(groups: readonly number[], draws: Draws): Pair[] {
  const members = new Map<number, number[]>();
  groups.forEach((group, k) => {
    const list = members.get(group);
    if (list) list.push(k);
    else members.set(group, [k]);
  });
  return [...members.values()].flatMap((list) =>
    list.flatMap((i, a) => list.slice(a + 1).map((j): Pair => (draws.between() < 0.5 ? [i, j] : [j, i]))),
  );
}

/**
 * Draws different pairs of entries of one group, pairs that are further apart more often: with a chance in proportion to
 * their distance (Efraimidis and Spirakis 2006, weighted random sampling). Pairs of distance 0 are never drawn.
 * @param groups the group of each entry. @param count how many; fewer where there are fewer.
 */
export function drawPairs(
  groups: readonly number[],
  count: number,
  seed: number,
  distance: (i: number, j: number) => number,
): Pair[] {
  const draws = new Draws(seed, 0x7072);
  return pairsWithin(groups, draws)
    .map((pair) => ({ pair, far: distance(...pair) }))
    .filter(({ far }) => far > 0)
    .map(({ pair, far }) => ({ pair, key: Math.log(1 - draws.between()) / far }))
    .sort((a, b) => b.key - a.key)
    .slice(0, count)
    .map(({ pair }) => pair);
}
