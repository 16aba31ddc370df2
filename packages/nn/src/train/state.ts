import {
  Cell,
  ChiaroError,
  FormatError,
  Generator,
  loadState,
  saveState,
  showShape,
  type SavedCell,
  type Shape,
  type TypedArray,
} from '../engine.js';
import { Module } from '../layers/index.js';
import { MovingAverage, Optimizer, ReduceOnPlateau, Schedule } from '../optim/index.js';
import { GradScaler } from '../precision/index.js';

/** What a training run can keep in its checkpoints. */
export type Stateful = Module | Optimizer | GradScaler | Schedule | ReduceOnPlateau | MovingAverage | Generator | Cell;

/** Elements of a cell on the host. */
export interface SavedElements {
  readonly shape: Shape;
  readonly data: TypedArray;
}

/** State on the host: the elements of cells, and plain numbers (steps of a schedule, place of a generator), by name. */
export interface SavedTraining {
  readonly cells: Readonly<Record<string, SavedElements>>;
  readonly numbers: Readonly<Record<string, readonly number[]>>;
}

/** Plain numbers of a thing. */
interface Numbers {
  readonly get: () => readonly number[];
  readonly set: (numbers: readonly number[]) => void;
}

function numbersOf(thing: Stateful): Numbers | undefined {
  if (thing instanceof Optimizer) {
    return {
      get: () => thing.groups.map((group) => group.lr),
      set: (rates) => thing.groups.forEach((group, i) => (group.lr = rates[i]!)),
    };
  }
  if (thing instanceof Schedule) return { get: () => [thing.steps], set: ([steps]) => (thing.steps = steps!) };
  if (thing instanceof ReduceOnPlateau) {
    return { get: () => thing.save(), set: ([best, bad, cooling]) => thing.load([best!, bad!, cooling!]) };
  }
  if (thing instanceof Generator) {
    const get = (): number[] => [thing.state.seed, thing.state.counter];
    return { get, set: ([seed, counter]) => (thing.state = { seed: seed!, counter: counter! }) };
  }
  return undefined;
}

function cellsOf(thing: Stateful): Iterable<readonly [string, Cell]> {
  if (thing instanceof Cell) return [['value', thing]];
  if (thing instanceof Module) return thing.namedState();
  const numbered = (cells: readonly Cell[]): [string, Cell][] => cells.map((cell, i) => [String(i), cell]);
  if (thing instanceof Optimizer || thing instanceof GradScaler) return numbered(thing.cells);
  return thing instanceof MovingAverage ? numbered(thing.averages) : [];
}

/** A zero-copy hold on a state; see `TrainingState.hold`. */
export interface HeldState {
  /** Puts the state back. */
  restore(): void;
  release(): void;
}

/** A class, whether or not it can be made from outside. */
type Kind<T> = (abstract new (...args: never[]) => T) | ({ readonly prototype: T } & typeof Optimizer);

/** Everything that a run changes, by name. */
export class TrainingState {
  /** `net/conv1.weight`, `adam/3`, ... */
  readonly cells: ReadonlyMap<string, Cell>;
  readonly #numbers: ReadonlyMap<string, Numbers>;

  constructor(readonly things: Readonly<Record<string, Stateful>>) {
    const cells = new Map<string, Cell>();
    const numbers = new Map<string, Numbers>();
    // schedules set learning rates: they come back before the optimisers, whose rates may have been changed since
    const names = Object.keys(things).sort(
      (a, b) => Number(things[b] instanceof Schedule) - Number(things[a] instanceof Schedule),
    );
    for (const name of names) {
      const thing = things[name]!;
      if (!/^[\w-]+$/.test(name)) {
        throw new ChiaroError(
          `Trainer: a name in state is made of letters, digits, _ and -, got ${JSON.stringify(name)}`,
        );
      }
      const own = numbersOf(thing);
      if (own) numbers.set(name, own);
      for (const [inner, cell] of cellsOf(thing)) cells.set(`${name}/${inner}`, cell);
    }
    this.cells = cells;
    this.#numbers = numbers;
  }

  /** The things of a kind, by name. */
  all<T extends Stateful>(kind: Kind<T>): [string, T][] {
    return Object.entries(this.things).filter((entry): entry is [string, T] => entry[1] instanceof kind);
  }

  /** Copies everything to the host. */
  async save(): Promise<SavedTraining> {
    const numbers = this.#numbersNow();
    const names = [...this.cells.keys()];
    const { entries } = await saveState([...this.cells.values()]);
    const cells = entries.flatMap((entry, i): [string, SavedElements][] =>
      entry.kind === 'cell' ? [[names[i]!, { shape: entry.shape, data: entry.data }]] : [],
    );
    return { cells: Object.fromEntries(cells), numbers: Object.fromEntries(numbers) };
  }

  /**
   * Takes back what `save` gave.
   * @throws FormatError, before anything changes, that names what is missing, has no place, or has another shape or type.
   */
  load(saved: SavedTraining): void {
    sameNames('arrays', [...this.cells.keys()], Object.keys(saved.cells));
    sameNames('numbers of', [...this.#numbers.keys()], Object.keys(saved.numbers));
    const entries = [...this.cells].map(([name, cell]): SavedCell => {
      const { shape, data } = saved.cells[name]!;
      if (shape.length !== cell.shape.length || shape.some((n, d) => n !== cell.shape[d])) {
        throw new FormatError(`${name} has shape ${showShape(shape)}, this run's ${showShape(cell.shape)}`);
      }
      if (data.constructor !== hostArrays[cell.dtype]) {
        throw new FormatError(`${name} is stored as ${data.constructor.name}, this run's is ${cell.dtype}`);
      }
      return { kind: 'cell', shape, dtype: cell.dtype, data };
    });
    for (const [name, { get }] of this.#numbers) {
      const [have, want] = [saved.numbers[name]!.length, get().length];
      if (have !== want) throw new FormatError(`${name} has ${have} numbers, this run's ${want}`);
    }
    loadState([...this.cells.values()], { formatVersion: 1, entries });
    for (const [name, { set }] of this.#numbers) set(saved.numbers[name]!);
  }

  /** Keeps the state as it is now within reach. Nothing is copied: cells leave their old elements alone. */
  hold(): HeldState {
    const numbers = this.#numbersNow();
    const elements = [...this.cells.values()].map((cell) => [cell, cell.detach()] as const);
    return {
      restore: () => {
        for (const [cell, value] of elements) cell.assign(value);
        for (const [name, values] of numbers) this.#numbers.get(name)!.set(values);
      },
      release: () => elements.forEach(([, value]) => value.dispose()),
    };
  }

  #numbersNow(): [string, readonly number[]][] {
    return [...this.#numbers].map(([name, { get }]) => [name, [...get()]]);
  }
}

const hostArrays = {
  float32: Float32Array,
  float16: Float32Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;

function sameNames(what: string, wanted: readonly string[], given: readonly string[]): void {
  const missing = wanted.filter((name) => !given.includes(name));
  const unknown = given.filter((name) => !wanted.includes(name));
  if (missing.length === 0 && unknown.length === 0) return;
  const list = (names: readonly string[]): string =>
    names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ') || 'none';
  throw new FormatError(`missing ${what}: ${list(missing)}; ${what} without a place: ${list(unknown)}`);
}
