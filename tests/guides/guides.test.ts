import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
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

const fixture = 'tests/guides/fixtures/wrong.md';
const snippets = pages.flatMap(load);
const wrongSnippets = load(fixture);

test('links between pages lead somewhere', () => {
  const broken = pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8').replace(/```.*?```/gs, '');
    const targets = [...text.matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].map((match) => match[1]!);
    return targets.filter((target) => !existsSync(join(root, dirname(page), target))).map((to) => `${page}: ${to}`);
  });
  expect(broken).toEqual([]);
});

describe('code of the documentation', () => {
  let errors: string[] = [];
  beforeAll(() => {
    errors = typeErrors(root, [...snippets, ...wrongSnippets]);
  });

  test('type-checks against the sources', () => {
    expect(errors.filter((error) => !error.startsWith(fixture))).toEqual([]);
  });

  const running = snippets.filter((s) => s.runs);
  test.each(running)('$name prints what it says', async (snippet) => {
    expect((await runSnippet(snippet)).disagreements).toEqual([]);
  });

  test('mistakes are found: in types, and where they are', () => {
    expect(errors.filter((error) => error.startsWith(fixture))).toEqual([
      expect.stringMatching(/^tests\/guides\/fixtures\/wrong\.md:7: Argument of type 'string' is not assignable/),
    ]);
  });

  test('mistakes are found: output that differs, and none that does not', async () => {
    const { checked, disagreements } = await runSnippet(wrongSnippets[0]!);
    expect(checked).toBe(4);
    expect(disagreements).toEqual([
      { line: 13, printed: 'Float32Array(2) [ 2, 4 ]', expected: 'Float32Array(2) [ 2, 5 ]' },
      { line: 18, printed: '', expected: 'nothing was printed' },
    ]);
  });

  test('mistakes are found: code that throws', async () => {
    await expect(runSnippet(wrongSnippets[1]!)).rejects.toThrow(/do not broadcast/);
  });

  test('what is to be type-checked only does not run', () => {
    expect(wrongSnippets.map((s) => s.runs)).toEqual([true, true, false]);
  });
});
