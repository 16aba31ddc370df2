import { FormatError } from '../../engine.js';
import { ByteReader } from './byteReader.js';

/**
 * What a pickle can hold here: plain values, lists and tuples as arrays, dicts as maps, and whatever the allowed
 * globals make.
 */
export type PickleValue = unknown;

/** A function that a pickle may name, and call with arguments of its own. */
export class AllowedGlobal {
  constructor(
    readonly make: (...args: PickleValue[]) => PickleValue,
    /** What the state that a pickle gives to a value of `make` turns it into: refused unless given. */
    readonly setState?: (value: PickleValue, state: PickleValue) => PickleValue,
  ) {}
}

/** What a pickle may refer to. Everything else is refused. */
export interface UnpickleOptions {
  /** By `module.name`, as in `collections.OrderedDict`. */
  readonly globals?: ReadonlyMap<string, AllowedGlobal>;
  /** What a persistent id stands for; refused unless given. */
  readonly persistent?: (id: PickleValue) => PickleValue;
}

const fail = (why: string): never => {
  throw new FormatError(`pickle: ${why}`);
};

const mark = Symbol('mark');

/**
 * Reads one pickle (protocols 0 to 5) without ever running what it says: it builds plain values, and calls only the
 * functions that `options.globals` names. A pickle that asks for anything else is refused.
 * @throws FormatError that names the global or the opcode, and for everything malformed.
 */
export function unpickle(reader: ByteReader, options: UnpickleOptions = {}): PickleValue {
  return new Machine(reader, options).run();
}

/** The stack machine that pickles are programs for. */
class Machine {
  readonly #stack: PickleValue[] = [];
  readonly #memo = new Map<number, PickleValue>();
  /** What made a value, so that its state can be set. */
  readonly #makers = new Map<PickleValue, AllowedGlobal>();

  constructor(
    private readonly reader: ByteReader,
    private readonly options: UnpickleOptions,
  ) {}

  run(): PickleValue {
    for (;;) {
      const code = String.fromCharCode(this.reader.u8());
      if (code === '.') return this.pop();
      const operation = operations.get(code);
      if (!operation) {
        return fail(
          `opcode 0x${code.charCodeAt(0).toString(16)} at byte ${this.reader.at - 1} is not known or not allowed`,
        );
      }
      operation(this, this.reader);
    }
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    if (this.#stack.length === 0 || this.#stack.at(-1) === mark)
      return fail('the stack is empty where a value is needed');
    return this.#stack.pop();
  }

  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  pushMark(): void {
    this.#stack.push(mark);
  }

  /** The values above the last mark, which goes away. */
  popMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) fail('a mark is missing');
    const values = this.#stack.slice(at + 1);
    this.#stack.length = at;
    return values;
  }

  dropTop(): void {
    if (this.#stack.pop() === undefined) fail('the stack is empty where a value is dropped');
  }

  remember(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) fail(`nothing was stored at place ${index}`);
    this.push(this.#memo.get(index));
  }

  global(module: PickleValue, name: PickleValue): void {
    if (typeof module !== 'string' || typeof name !== 'string') return fail('the name of a function is no text');
    const allowed = this.options.globals?.get(`${module}.${name}`);
    if (!allowed) {
      return fail(`it asks for ${module}.${name}; only tensors, arrays and plain containers are loaded`);
    }
    this.push(allowed);
  }

  call(args: PickleValue): void {
    const target = this.pop();
    if (!(target instanceof AllowedGlobal) || !Array.isArray(args)) return fail('it calls what is no function');
    const made = target.make(...(args as PickleValue[]));
    this.#makers.set(made, target);
    this.push(made);
  }

  build(): void {
    const state = this.pop();
    const value = this.pop();
    const setState = this.#makers.get(value)?.setState;
    if (!setState) return fail('it sets the state of a value that has none');
    this.push(setState(value, state));
  }

  persistent(id: PickleValue): void {
    if (!this.options.persistent) return fail('it refers to something outside of itself');
    this.push(this.options.persistent(id));
  }
}

/** Adds items to a list. */
function append(machine: Machine, items: readonly PickleValue[]): void {
  const list = machine.top();
  if (!Array.isArray(list)) return fail('items are added to what is no list');
  for (const item of items) list.push(item);
}

/** Sets entries, keys and values in turn, of a dict. */
function setItems(machine: Machine, entries: readonly PickleValue[]): void {
  const dict = machine.top();
  if (!(dict instanceof Map) || entries.length % 2 !== 0) return fail('entries are set in what is no dict');
  for (let i = 0; i < entries.length; i += 2) dict.set(entries[i], entries[i + 1]);
}

function addToSet(machine: Machine, items: readonly PickleValue[]): void {
  const set = machine.top();
  if (!(set instanceof Set)) return fail('items are added to what is no set');
  for (const item of items) set.add(item);
}

/** A whole number as text, which Python 2 writes with an L. */
function integer(text: string): number | boolean {
  if (text === '00' || text === '01') return text === '01';
  const value = Number(text.replace(/L$/, ''));
  return Number.isSafeInteger(value) && text.trim() !== '' ? value : fail(`${JSON.stringify(text)} is no whole number`);
}

/** Python's quoted text of protocol 0. */
function quoted(line: string): string {
  const inside = /^(['"])(.*)\1$/s.exec(line)?.[2];
  if (inside === undefined) return fail(`${JSON.stringify(line.slice(0, 40))} is no quoted text`);
  return inside.replace(/\\(x[0-9a-f]{2}|.)/gs, (_, c: string) =>
    c.startsWith('x') ? String.fromCharCode(parseInt(c.slice(1), 16)) : ({ n: '\n', t: '\t', r: '\r' }[c] ?? c),
  );
}

/** Text of protocol 0: a byte for each character up to 255 (windows-1252 for TextDecoder, undone), \\u0100 beyond. */
const unescaped = (text: string): string =>
  text.replace(/\\u([0-9a-f]{4})|\\U([0-9a-f]{8})/gi, (whole, short?: string, long?: string) => {
    const code = parseInt(short ?? long!, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

type Operation = (machine: Machine, reader: ByteReader) => void;

/** What each opcode does; the names in the comments are those of CPython's pickletools. */
const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['\x80', (_, r) => void r.u8()], // PROTO
  ['\x95', (_, r) => void r.length(8)], // FRAME
  // constants
  ['N', (m) => m.push(null)], // NONE
  ['\x88', (m) => m.push(true)], // NEWTRUE
  ['\x89', (m) => m.push(false)], // NEWFALSE
  // numbers
  ['I', (m, r) => m.push(integer(r.line()))], // INT
  ['L', (m, r) => m.push(integer(r.line()))], // LONG
  ['J', (m, r) => m.push(r.i32())], // BININT
  ['K', (m, r) => m.push(r.u8())], // BININT1
  ['M', (m, r) => m.push(r.u16())], // BININT2
  ['\x8a', (m, r) => m.push(r.long(r.u8()))], // LONG1
  ['\x8b', (m, r) => m.push(r.long(r.length(4)))], // LONG4
  ['F', (m, r) => m.push(Number(r.line()))], // FLOAT
  ['G', (m, r) => m.push(r.f64())], // BINFLOAT
  // text and bytes
  ['S', (m, r) => m.push(quoted(r.line()))], // STRING
  ['T', (m, r) => m.push(r.latin1(r.length(4)))], // BINSTRING
  ['U', (m, r) => m.push(r.latin1(r.u8()))], // SHORT_BINSTRING
  ['V', (m, r) => m.push(unescaped(r.latin1Line()))], // UNICODE
  ['X', (m, r) => m.push(r.text(r.length(4)))], // BINUNICODE
  ['\x8c', (m, r) => m.push(r.text(r.u8()))], // SHORT_BINUNICODE
  ['\x8d', (m, r) => m.push(r.text(r.length(8)))], // BINUNICODE8
  ['B', (m, r) => m.push(r.bytes(r.length(4)))], // BINBYTES
  ['C', (m, r) => m.push(r.bytes(r.u8()))], // SHORT_BINBYTES
  ['\x8e', (m, r) => m.push(r.bytes(r.length(8)))], // BINBYTES8
  ['\x96', (m, r) => m.push(r.bytes(r.length(8)))], // BYTEARRAY8
  // containers
  [')', (m) => m.push([])], // EMPTY_TUPLE
  [']', (m) => m.push([])], // EMPTY_LIST
  ['}', (m) => m.push(new Map())], // EMPTY_DICT
  ['\x8f', (m) => m.push(new Set())], // EMPTY_SET
  ['\x91', (m) => m.push(new Set(m.popMark()))], // FROZENSET
  ['t', (m) => m.push(m.popMark())], // TUPLE
  ['l', (m) => m.push(m.popMark())], // LIST
  ['\x85', (m) => m.push([m.pop()])], // TUPLE1
  ['\x86', (m) => m.push([m.pop(), m.pop()].reverse())], // TUPLE2
  ['\x87', (m) => m.push([m.pop(), m.pop(), m.pop()].reverse())], // TUPLE3
  [
    'd', // DICT
    (m) => {
      const entries = m.popMark();
      m.push(new Map());
      setItems(m, entries);
    },
  ],
  [
    'a', // APPEND
    (m) => {
      const item = m.pop();
      append(m, [item]);
    },
  ],
  ['e', (m) => append(m, m.popMark())], // APPENDS
  [
    's', // SETITEM
    (m) => {
      const entry = [m.pop(), m.pop()].reverse();
      setItems(m, entry);
    },
  ],
  ['u', (m) => setItems(m, m.popMark())], // SETITEMS
  ['\x90', (m) => addToSet(m, m.popMark())], // ADDITEMS
  // stack and memo
  ['(', (m) => m.pushMark()], // MARK
  ['0', (m) => m.dropTop()], // POP
  ['1', (m) => void m.popMark()], // POP_MARK
  ['2', (m) => m.push(m.top())], // DUP
  ['p', (m, r) => m.remember(Number(r.line()))], // PUT
  ['q', (m, r) => m.remember(r.u8())], // BINPUT
  ['r', (m, r) => m.remember(r.u32())], // LONG_BINPUT
  ['\x94', (m) => m.remember()], // MEMOIZE
  ['g', (m, r) => m.recall(Number(r.line()))], // GET
  ['h', (m, r) => m.recall(r.u8())], // BINGET
  ['j', (m, r) => m.recall(r.u32())], // LONG_BINGET
  // what could be dangerous elsewhere
  ['c', (m, r) => m.global(r.line(), r.line())], // GLOBAL
  [
    '\x93', // STACK_GLOBAL
    (m) => {
      const name = m.pop();
      m.global(m.pop(), name);
    },
  ],
  ['R', (m) => m.call(m.pop())], // REDUCE
  ['\x81', (m) => m.call(m.pop())], // NEWOBJ
  ['b', (m) => m.build()], // BUILD
  ['P', (m, r) => m.persistent(r.line())], // PERSID
  ['Q', (m) => m.persistent(m.pop())], // BINPERSID
]);
