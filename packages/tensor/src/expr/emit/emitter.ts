import { DTypeError } from '../../errors.js';
import { loopOf, reachable, slotOf } from '../ir.js';
import type { Value } from '../ir.js';
import { binds } from './target.js';
import type { Target, Text } from './target.js';

/** Texts longer than this get a name, whoever reads them. */
const longText = 90;

/** Is it a name or a number? */
const plain = (text: string): boolean => /^-?[\w.]+$/.test(text);

/** What the scopes of one piece of code have in common. */
interface Shared {
  readonly uses: Map<Value, number>;
  readonly helpers: Set<string>;
  readonly taken: Set<string>;
  names: number;
}

/**
 * Writes values as code. What is read once is nested in its reader; what is read more often, or is long, becomes a
 * named constant in `lines`, ahead of what asked for it. Values are pure, so text may be used wherever its names are.
 */
export class Emitter {
  /** Statements of this scope so far, in order. */
  readonly lines: string[] = [];
  private readonly texts = new Map<Value, Text>();
  private readonly finals = new Map<Value, readonly string[]>();
  private readonly shared: Shared;

  /**
   * @param resolve Text of an input or extern, given the texts of its arguments. It must be a name, a call, an index
   * expression or in parentheses.
   * @param parent The enclosing scope, whose names are seen here.
   */
  constructor(
    private readonly target: Target,
    private readonly resolve: (v: Value, args: string[]) => string,
    private readonly parent?: Emitter,
  ) {
    this.shared = parent?.shared ?? { uses: new Map(), helpers: new Set(), taken: new Set(), names: 0 };
  }

  /** Names of the stdlib helper functions that the text calls, of all scopes together: see `wgslHelpers`. */
  get helpers(): Set<string> {
    return this.shared.helpers;
  }

  /** A nested scope with lines of its own. */
  child(): Emitter {
    return new Emitter(this.target, this.resolve, this);
  }

  /** Keeps names of the surrounding code from being chosen. Chosen names end in an underscore and a number. */
  reserve(names: Iterable<string>): void {
    for (const name of names) this.shared.taken.add(name);
  }

  /** Announces values that will be asked for, so that what they share is computed once. */
  use(...roots: readonly Value[]): void {
    const pending: Value[] = [];
    const read = (v: Value, times = 1): void => {
      const before = this.shared.uses.get(v);
      this.shared.uses.set(v, (before ?? 0) + times);
      if (before === undefined) pending.push(v);
    };
    for (const r of roots) read(r);
    for (let v = pending.pop(); v !== undefined; v = pending.pop()) {
      if (v.op !== 'loop') {
        for (const a of v.args) read(a);
        continue;
      }
      const { state, results } = loopOf(v);
      v.args.forEach((a, k) => read(a, k > state.length ? 2 : 1)); // what a body captures is computed outside it
      for (const r of results) read(r);
    }
  }

  /** Text of the value, valid in this scope from here on; statements that it needs are added to `lines`. */
  value(v: Value): string {
    return this.text(v).text;
  }

  /** Computes the value here, under a name, so that loops and blocks that follow do not compute it again. */
  settle(v: Value): void {
    const { text } = this.text(v);
    if (plain(text)) return;
    const name = this.name(v.hint);
    this.lines.push(this.target.constant(name, text));
    this.texts.set(v, { text: name, binds: binds.primary });
  }

  private text(v: Value): Text {
    const known = this.find(v);
    if (known !== undefined) return known;
    if (!this.shared.uses.has(v)) this.use(v);
    for (const u of reachable([v], (u) => (this.find(u) ? 0 : 1))) if (!this.find(u)) this.emit(u);
    return this.find(v)!;
  }

  private find(v: Value): Text | undefined {
    return this.texts.get(v) ?? this.parent?.find(v);
  }

  /** Writes a value whose arguments are written. */
  private emit(v: Value): void {
    if (v.op === 'loop') this.loop(v);
    let text = this.write(v);
    if (!plain(text.text) && (text.text.length > longText || this.shared.uses.get(v)! > 1)) {
      const name = this.name(v.hint);
      this.lines.push(this.target.constant(name, text.text));
      text = { text: name, binds: binds.primary };
    }
    this.texts.set(v, text);
  }

  private write(v: Value): Text {
    const { target } = this;
    switch (v.op) {
      case 'literal':
        return target.literal(v.type, v.attr as number, this.helpers);
      case 'input':
      case 'extern':
        return {
          text: this.resolve(
            v,
            v.args.map((a) => this.find(a)!.text),
          ),
          binds: binds.primary,
        };
      case 'loop':
        return { text: '_', binds: binds.primary };
      case 'item':
        return { text: this.finalsOf(v.args[0])[slotOf(v)], binds: binds.primary };
      case 'bound':
        throw new DTypeError('a value depends on a loop that does not enclose it');
      default:
        return target.operation(
          v,
          v.args.map((a) => this.find(a)!),
          this.helpers,
        );
    }
  }

  private finalsOf(loop: Value): readonly string[] {
    return this.finals.get(loop) ?? this.parent!.finalsOf(loop);
  }

  private loop(v: Value): void {
    const { index, state, results, body } = loopOf(v);
    const { target, lines } = this;
    const names = state.map((s, k) => this.name(s.hint ?? v.args[k + 1].hint));
    names.forEach((name, k) => lines.push(target.variable(name, this.find(v.args[k + 1])!.text)));
    const inner = this.child();
    const counter = this.name(index.hint ?? 'i');
    inner.texts.set(index, { text: counter, binds: binds.primary });
    state.forEach((s, k) => inner.texts.set(s, { text: names[k], binds: binds.primary }));
    for (const u of body) inner.emit(u);
    const next = results.map((r) => inner.find(r)!.text);
    // States change together: a text that reads a state that is assigned before it is computed first.
    next.forEach((text, k) => {
      if (!names.some((name, j) => j < k && text.includes(name))) return;
      next[k] = this.name(undefined);
      inner.lines.push(target.constant(next[k], text));
    });
    next.forEach((text, k) => inner.lines.push(`${names[k]} = ${text};`));
    lines.push(target.loop(counter, index.type, this.find(v.args[0])!.text));
    for (const line of inner.lines) lines.push(`  ${line}`);
    lines.push('}');
    this.finals.set(v, names);
  }

  private name(hint = 'v'): string {
    const { shared } = this;
    let name: string;
    do name = `${hint}_${shared.names++}`;
    while (shared.taken.has(name));
    return name;
  }
}
