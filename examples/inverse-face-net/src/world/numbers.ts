/** Uniform numbers in [0, 1) of a seed, on the host: xorshift32 (Marsaglia 2003) after a mixed seed. */
export function numbers(seed: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b9) ^ 0x5bd1e995) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let k = 0; k < 8; k++) next();
  return next;
}

/** A number of mean 0 and variance 1. Box and Muller 1958. */
export const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
