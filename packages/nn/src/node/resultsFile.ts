import { existsSync } from 'node:fs';
import { host } from '@chiaro/tensor/host';
import { FormatError } from '../engine.js';

/**
 * What experiments found, one entry for each setting, in a JSON file that is never half-written: what is in it need not be
 * done again.
 *
 * @example
 * const results = new ResultsFile('out/results.json', ({ row, seed }: Entry) => `${row} ${seed}`);
 * if (!(await results.read()).some(({ row }) => row === 'mean')) await results.put([await meanRow()]);
 */
export class ResultsFile<Entry> {
  /** @param keyOf names an entry's setting; entries of one key take each other's places. */
  constructor(
    readonly path: string,
    private readonly keyOf: (entry: Entry) => string,
  ) {}

  /** The entries, in the order in which they came; none where there is no file. @throws FormatError for a file of something else. */
  async read(): Promise<Entry[]> {
    if (!existsSync(this.path)) return [];
    const text = new TextDecoder().decode(await host.readFile(this.path));
    try {
      const entries: unknown = JSON.parse(text);
      if (Array.isArray(entries)) return entries as Entry[];
    } catch {
      // told below
    }
    throw new FormatError(`${this.path} is no list of results; move it away to begin a new one`);
  }

  /** Adds entries, in place of earlier ones of the same keys. */
  async put(entries: readonly Entry[]): Promise<void> {
    const replaced = new Set(entries.map(this.keyOf));
    const all = [...(await this.read()).filter((entry) => !replaced.has(this.keyOf(entry))), ...entries];
    await host.writeFile(this.path, new TextEncoder().encode(`${JSON.stringify(all, undefined, 2)}\n`));
  }
}
