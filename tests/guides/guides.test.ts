import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { snippetsOf, type Snippet } from './page.js';
import { recorderOf, type Recorder } from './recorder.js';
import { typeErrors } from './typecheck.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The pages whose code the tests run. */
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.startsWith('site'))
    .map((file) => join('docs', file))
    .sort(),
];

const load = (page: string): Snippet[] => snippetsOf(join(root, page), page);

async function runSnippet({ name }: Snippet): Promise<Recorder> {
  await import(/* @vite-ignore */ `${join(root, name.split(':')[0]!)}?snippet=${name}`);
  return recorderOf(name);
}

describe('code of the documentation', () => {
  test('type-checks against the sources', () => {
    expect(typeErrors(root, pages.flatMap(load))).toEqual([]);
  });

  const running = pages.flatMap(load).filter((s) => s.runs);
  test.each(running)('$name prints what it says', async (snippet) => {
    expect((await runSnippet(snippet)).disagreements).toEqual([]);
  });
});

describe('the check itself', () => {
  const page = 'tests/guides/fixtures/wrong.md';
  const snippets = load(page);

  test('finds type errors, and where they are', () => {
    expect(typeErrors(root, snippets)).toEqual([
      expect.stringMatching(/^tests\/guides\/fixtures\/wrong\.md:7: Argument of type 'string' is not assignable/),
    ]);
  });

  test('finds output that differs, and none that does not', async () => {
    const { checked, disagreements } = await runSnippet(snippets[0]!);
    expect(checked).toBe(4);
    expect(disagreements).toEqual([
      { line: 13, printed: 'Float32Array(2) [ 2, 4 ]', expected: 'Float32Array(2) [ 2, 5 ]' },
      { line: 18, printed: '', expected: 'nothing was printed' },
    ]);
  });

  test('finds code that throws', async () => {
    await expect(runSnippet(snippets[1]!)).rejects.toThrow(/do not broadcast/);
  });

  test('does not run what is to be type-checked only', () => {
    expect(snippets.map((s) => s.runs)).toEqual([true, true, false]);
  });
});
