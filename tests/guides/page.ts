import { readFileSync } from 'node:fs';

/** Code of a page that is compiled and run as one module. Line n of the text is line n of the page. */
export interface Snippet {
  /** `docs/start.md`, or `docs/start.md:40` for a block that is a module of its own. */
  readonly name: string;
  readonly text: string;
  /** False for code that is only type-checked. */
  readonly runs: boolean;
}

/** What a page says that its code prints: the text between two `// ->` comments' lines, and where it says so. */
export interface Expectation {
  readonly line: number;
  readonly text: string;
}

/**
 * The TypeScript of a Markdown page. Blocks marked `ts` share one module, as if the page were one file; `ts alone` is a
 * module of its own, `ts types` is type-checked and not run.
 */
export function snippetsOf(file: string, name: string): Snippet[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const shared: string[] = [];
  const snippets: Snippet[] = [];
  for (let i = 0; i < lines.length; i++) {
    const mark = /^```ts\b *(.*)$/.exec(lines[i]!)?.[1];
    if (mark === undefined) continue;
    const end = lines.indexOf('```', i);
    if (end < 0) throw new Error(`${name}:${i + 1}: this block has no end`);
    const block = lines.slice(i + 1, end);
    if (mark === '') {
      while (shared.length < i + 1) shared.push('');
      shared.push(...block);
    } else if (mark === 'alone' || mark === 'types') {
      const text = [...new Array<string>(i + 1).fill(''), ...block].join('\n');
      snippets.push({ name: `${name}:${i + 1}`, text, runs: mark === 'alone' });
    } else throw new Error(`${name}:${i + 1}: a block is \`ts\`, \`ts alone\` or \`ts types\`, not \`ts ${mark}\``);
    i = end;
  }
  return shared.length > 0 ? [{ name, text: shared.join('\n'), runs: true }, ...snippets] : snippets;
}

/**
 * What `console.log` is expected to print, as the code says in comments: `// -> text` behind a statement, or below it;
 * lines of several follow as `//    text`.
 */
export function expectationsOf(text: string): Expectation[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i): Expectation[] => {
    const first = /\/\/ -> (.*)$/.exec(line)?.[1];
    if (first === undefined) return [];
    const rest: string[] = [];
    for (let k = i + 1; /^\s*\/\/ {4}/.test(lines[k] ?? ''); k++) rest.push(lines[k]!.replace(/^\s*\/\/ {4}/, ''));
    return [{ line: i + 1, text: [first, ...rest].join('\n') }];
  });
}

/** Does the output agree with what the page says? `...` in the page stands for anything, spaces do not count. */
export function agrees(printed: string, expected: string): boolean {
  const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();
  const parts = plain(expected)
    .split('...')
    .map((part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(plain(printed));
}
