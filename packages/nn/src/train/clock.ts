/** Counts seconds of work and steps per second. */
export class Clock {
  readonly #start: number;
  /** When the last steps were done, milliseconds. */
  readonly #ticks: number[] = [];

  /**
   * @param before seconds of earlier parts of the run.
   * @param now milliseconds on a monotonic clock.
   */
  constructor(
    before: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#start = now() - 1000 * before;
  }

  get seconds(): number {
    return (this.now() - this.#start) / 1000;
  }

  /** A step is done. */
  tick(): void {
    this.#ticks.push(this.now());
    if (this.#ticks.length > 50) this.#ticks.shift();
  }

  /** Forgets the steps so far: there was a pause. */
  pause(): void {
    this.#ticks.length = 0;
  }

  /** Steps per second over the last 50; 0 if unknown. */
  get rate(): number {
    const span = (this.#ticks.at(-1) ?? 0) - (this.#ticks[0] ?? 0);
    return span > 0 ? (1000 * (this.#ticks.length - 1)) / span : 0;
  }
}
