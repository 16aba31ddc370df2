/**
 * The numbers 0 to count - 1 in an order that depends on seed and epoch alone: Fisher and Yates' shuffle, with numbers
 * from a counter (SplitMix32 over its two words).
 */
export function shuffledOrder(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let state = mix(mix(seed >>> 0) ^ epoch);
  const below = (n: number): number => {
    state = (state + 0x9e3779b9) >>> 0;
    return Math.floor((mix(state) / 2 ** 32) * n);
  };
  for (let i = count - 1; i > 0; i--) {
    const k = below(i + 1);
    [order[i], order[k]] = [order[k]!, order[i]!];
  }
  return order;
}

/** Scrambles 32 bits, one to one. */
function mix(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}
