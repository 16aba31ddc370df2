import { FormatError } from '../../errors.js';

/** A mistake in an expression text: the message says what and what to do, and shows where. */
export class ExprError extends FormatError {
  constructor(
    message: string,
    /** 1-based. */
    readonly line: number,
    /** 1-based. */
    readonly column: number,
    /** True when a function or type is missing that may be declared elsewhere (`uses`, `structs`). */
    readonly unresolved = false,
  ) {
    super(message);
  }
}

/** A stretch of the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The text that is parsed; makes errors that point into it. */
export class Source {
  constructor(readonly text: string) {}

  error(at: Span, message: string, unresolved = false): ExprError {
    const before = this.text.slice(0, at.start);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    const column = at.start - lineStart + 1;
    const lineText = this.text.slice(lineStart).split('\n', 1)[0];
    const carets = '^'.repeat(Math.max(1, Math.min(at.end - at.start, lineText.length - column + 1)));
    const margin = `${line} | `;
    const indent = ' '.repeat(margin.length) + lineText.slice(0, column - 1).replace(/[^\t]/g, ' ');
    const place = `line ${line}, column ${column}`;
    return new ExprError(
      `expr: ${message} (${place})\n${margin}${lineText}\n${indent}${carets}`,
      line,
      column,
      unresolved,
    );
  }
}
