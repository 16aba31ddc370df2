/**
 * Random numbers on the host by a list of whole numbers: the same list gives the same numbers, everywhere. xoshiro128**
 * (Blackman and Vigna 2021, Scrambled Linear Pseudorandom Number Generators) whose state is SplitMix's of the list.
 */
export class Draws {
  readonly #state = new Uint32Array(4);

  /** @param key a seed and what tells this use of it from others. */
  constructor(...key: readonly number[]) {
    let sum = 0x9e3779b9;
    const mixed = (word: number): number => {
      sum = (sum + 0x9e3779b9 + word) >>> 0;
      let z = sum;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (sum = (sum ^ z ^ (z >>> 15)) >>> 0);
    };
    for (const word of key) {
      mixed(word >>> 0);
      mixed(Math.floor(word / 2 ** 32) >>> 0);
    }
    for (let k = 0; k < 4; k++) this.#state[k] = mixed(k);
  }

  /** A word of 32 random bits. */
  bits(): number {
    const s = this.#state;
    const turn = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
    const result = Math.imul(turn(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turn(s[3], 11);
    return result;
  }

  /** Uniform in [low, high). */
  between(low = 0, high = 1): number {
    return low + ((high - low) * this.bits()) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.between(0, high - low + 1));
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)];
  }

  /** N(0, 1), by Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.between()));
    return radius * Math.cos(2 * Math.PI * this.between());
  }

  /** A count of mean `mean` by Poisson: Knuth's products below 30, above it a rounded normal. */
  poisson(mean: number): number {
    if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const floor = Math.exp(-mean);
    let count = 0;
    for (let product = this.between(); product > floor; product *= this.between()) count++;
    return count;
  }
}
