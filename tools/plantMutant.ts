import { readFileSync } from 'node:fs';
import type { Plugin } from 'vitest/config';

/** A planted bug: in `file`, the one occurrence of `find` becomes `replace`; `tests` must notice. */
interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Paths, or parts of them, of the test files that are run. */
  readonly tests: readonly string[];
}

/**
 * Shows the tests a source file with the bug `name` of tools/mutants.json in it; the file itself is not touched.
 * Without a name it does nothing.
 */
export function plantMutant(root: string, name: string | undefined): Plugin {
  const plugin = { name: 'plant-mutant', enforce: 'pre' } as const;
  if (!name) return plugin;
  const mutants = JSON.parse(readFileSync(`${root}tools/mutants.json`, 'utf8')) as Mutant[];
  const mutant = mutants.find((each) => each.name === name);
  if (!mutant) throw new Error(`tools/mutants.json has no mutant "${name}"`);
  const path = `${root}${mutant.file}`;
  if (readFileSync(path, 'utf8').split(mutant.find).length !== 2) {
    throw new Error(`${mutant.file} does not contain the text of mutant "${name}" exactly once`);
  }
  return {
    ...plugin,
    transform: (code, id) => (id.split('?')[0] === path ? code.replace(mutant.find, () => mutant.replace) : undefined),
  };
}
