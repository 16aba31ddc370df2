// A file of results that grows entry by entry and is whole at any time, so that a run can be ended and taken up again.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a text under a temporary name first: the whole file or nothing. */
export function writeWhole(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}

/** A name that changes with anything in a configuration, so that results of two are not mixed. */
export const fingerprint = (config) => createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 12);

/** Numbers as results keep them: four digits are more than they mean. */
const rounded = (_, value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);

/**
 * Opens a file of results, or begins one: `{ formatVersion: 1, settings, adapter, entries: [...] }`, one entry for each key.
 *
 * @param settings what all entries have in common; entries of other settings are not taken up.
 * @param keyOf entry -> what tells it from others.
 * @returns { content, has(key), add(entry) }
 */
export function openResults(file, { settings, keyOf, fresh = false }) {
  let content = { formatVersion: 1, settings, adapter: undefined, entries: [] };
  if (!fresh && existsSync(file)) {
    const found = JSON.parse(readFileSync(file, 'utf8'));
    const same = (a, b) => JSON.stringify(a, rounded) === JSON.stringify(b, rounded);
    if (found.formatVersion !== 1 || !same(found.settings, settings)) {
      throw new Error(
        `${file} has results of other settings: ${JSON.stringify(found.settings)}; name another file, or begin anew with --fresh`,
      );
    }
    content = found;
  }
  return {
    content,
    has: (key) => content.entries.some((entry) => keyOf(entry) === key),
    add(entry, adapter) {
      const others = content.entries.filter((e) => keyOf(e) !== keyOf(entry));
      content.adapter = adapter ?? content.adapter;
      content.entries = [...others, entry];
      writeWhole(file, `${JSON.stringify(content, rounded, 2)}\n`);
    },
  };
}
