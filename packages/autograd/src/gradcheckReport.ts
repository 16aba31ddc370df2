/** One derivative that was checked. */
export interface GradcheckEntry {
  /** What was compared: the rule with differences, reverse with forward, or the GPU with the reference device. */
  readonly check: 'differences' | 'forward' | 'gpu';
  /** Which partial derivative. */
  readonly of: string;
  readonly found: number;
  readonly expected: number;
  /** Error over what is allowed: above 1 fails. */
  readonly ratio: number;
}

/** What `gradcheck` found. */
export class GradcheckReport {
  constructor(
    readonly name: string,
    /** All comparisons, worst first. */
    readonly entries: readonly GradcheckEntry[],
    /** What could not be checked, and why. */
    readonly notes: readonly string[],
  ) {}

  get passed(): boolean {
    return this.entries.every((e) => e.ratio <= 1);
  }

  /** The result and the worst entries, as a table. */
  toString(): string {
    const failed = this.entries.filter((e) => !(e.ratio <= 1)).length;
    const head = `gradcheck of ${this.name}: ${this.entries.length} derivatives compared, ${failed} wrong`;
    const rows = this.entries
      .slice(0, 8)
      .map((e) => [e.check, e.of, number(e.found), number(e.expected), e.ratio.toPrecision(3)]);
    const table = [['check', 'derivative', 'found', 'expected', 'error / allowed'], ...rows];
    const widths = table[0]!.map((_, k) => Math.max(...table.map((r) => r[k]!.length)));
    const lines = table.map(
      (r) =>
        `  ${r
          .map((cell, k) => cell.padEnd(widths[k]!))
          .join('  ')
          .trimEnd()}`,
    );
    return [head, ...(rows.length > 0 ? lines : []), ...this.notes.map((n) => `  ${n}`)].join('\n');
  }
}

const number = (x: number): string => (Number.isFinite(x) ? String(Number(x.toPrecision(9))) : String(x));
