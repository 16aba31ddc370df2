/** A computation that the page runs, and the values it must give. */
export interface Case {
  readonly name: string;
  run(): Promise<ArrayLike<number>>;
  readonly expected: readonly number[];
  /** Largest allowed |value - expected| / max(1, |expected|). */
  readonly tolerance: number;
}

/** What became of a case; `error` is the message of what it threw, or the number of values if that is wrong. */
export interface Outcome {
  readonly name: string;
  readonly largestError: number;
  readonly error?: string;
}

/** Runs a case and compares its values with the stored ones. NaN is an infinite error. */
export async function runCase({ name, run, expected }: Case): Promise<Outcome> {
  try {
    const values = await run();
    if (values.length !== expected.length) {
      return { name, largestError: Infinity, error: `${values.length} values, expected ${expected.length}` };
    }
    let largestError = 0;
    expected.forEach((wanted, i) => {
      const error = Math.abs(values[i]! - wanted) / Math.max(1, Math.abs(wanted));
      largestError = Math.max(largestError, Number.isNaN(error) ? Infinity : error);
    });
    return { name, largestError };
  } catch (error) {
    return {
      name,
      largestError: Infinity,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
