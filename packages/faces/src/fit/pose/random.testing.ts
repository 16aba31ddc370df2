/** Random numbers for tests of host code: a small generator (mulberry32) with a fixed seed. */
export class HostRandom {
  constructor(private state: number) {}

  /** In [from, until). */
  uniform(from = 0, until = 1): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return from + ((until - from) * ((t ^ (t >>> 14)) >>> 0)) / 2 ** 32;
  }

  /** Normal, mean 0, variance 1. Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}
