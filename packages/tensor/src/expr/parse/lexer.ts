import type { Source, Span } from './source.js';

/** A word of the text. */
export interface Token extends Span {
  readonly kind: 'name' | 'number' | 'sign' | 'end';
  readonly text: string;
}

const patterns: readonly (readonly [Token['kind'] | 'space', RegExp])[] = [
  ['space', /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y],
  ['name', /[A-Za-z_]\w*/y],
  ['number', /0[xX][\da-fA-F]+[iu]?|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?[fhiu]?/y],
  ['sign', /->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=(){}[\],;:.@]/y],
];

/** Splits the text into tokens; the last one is of kind `end`. Block comments do not nest. */
export function tokenize(source: Source): Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  let start = 0;
  next: while (start < text.length) {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = start;
      const word = pattern.exec(text)?.[0];
      if (word === undefined) continue;
      const end = start + word.length;
      if (kind === 'number' && /[\w.]/.test(text[end] ?? '')) {
        throw source.error(
          { start, end: end + 1 },
          `'${word}${text[end]}' is no number; write 1.5, 2e-3, 7, 7u, 7i or 0x1f`,
        );
      }
      if (kind !== 'space') tokens.push({ kind, text: word, start, end });
      start = end;
      continue next;
    }
    const message = text.startsWith('/*', start) ? 'this comment has no end' : `unexpected character '${text[start]}'`;
    throw source.error({ start, end: start + 1 }, message);
  }
  tokens.push({ kind: 'end', text: 'the end of the text', start, end: start });
  return tokens;
}
