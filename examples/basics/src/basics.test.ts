import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { presets, scripts, type ScriptName } from './scripts.js';

const out = mkdtempSync(join(tmpdir(), 'chiaro-basics-'));

it.each(Object.keys(scripts) as ScriptName[])('%s runs, and ends nearer to the truth than it began', async (name) => {
  const { before, after, lines } = await scripts[name]({ ...presets.smoke[name], out });
  expect(after).toBeLessThan(0.9 * before);
  expect(lines.length).toBeGreaterThan(0);
  expect(existsSync(join(out, `${name}.jpg`))).toBe(true);
});
