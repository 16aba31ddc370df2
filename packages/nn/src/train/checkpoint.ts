import { FormatError } from '../engine.js';
import { parseSafetensors, storedElements, writeSafetensors } from '../io/safetensors/index.js';
import type { SavedElements, SavedTraining } from './state.js';
import type { Kept } from './watch.js';

/** How far a run is: the batch that comes next. */
export interface Place {
  readonly epoch: number;
  /** Batches of this epoch that are done. */
  readonly batch: number;
  /** Steps since the beginning. */
  readonly step: number;
}

/** What the user says that a run is: its seed, its sizes. A run is only resumed as what it was. */
export type About = Readonly<Record<string, string | number | boolean>>;

/** A run at a place, whole. */
export interface Checkpoint {
  readonly place: Place;
  /** Seconds of work until here. */
  readonly seconds: number;
  readonly about: About;
  /** Validations since the best one. */
  readonly strikes: number;
  /** The best weights so far, best first. */
  readonly best: readonly Kept[];
  readonly state: SavedTraining;
}

const format = 'chiaro-training';
const formatVersion = '1';
const [cells, numbers] = ['cells/', 'numbers/'];

/**
 * A checkpoint as a safetensors file: cells under `cells/NAME`, plain numbers as float64 under `numbers/NAME`, and in the
 * metadata `format`, `formatVersion` and, as JSON, `run`.
 */
export function writeCheckpoint({ state, ...run }: Checkpoint): Uint8Array<ArrayBuffer> {
  const renamed = <T, R>(record: Readonly<Record<string, T>>, prefix: string, change: (value: T) => R): [string, R][] =>
    Object.entries(record).map(([name, value]) => [prefix + name, change(value)]);
  const arrays = [
    ...renamed(state.cells, cells, (x) => x),
    ...renamed(state.numbers, numbers, (data) => ({ shape: [data.length], data: [...data] })),
  ];
  return writeSafetensors(Object.fromEntries(arrays), { format, formatVersion, run: JSON.stringify(run) });
}

/**
 * Reads a checkpoint.
 * @throws FormatError for a file that is damaged, cut short, of another version or of another kind.
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const { metadata, arrays } = parseSafetensors(bytes);
  if (metadata['format'] !== format) throw new FormatError('it is no checkpoint of a training run');
  if (metadata['formatVersion'] !== formatVersion) {
    throw new FormatError(`it has format ${metadata['formatVersion']}, this version reads format ${formatVersion}`);
  }
  const run = checkedRun(metadata['run']);
  const state: { cells: Record<string, SavedElements>; numbers: Record<string, readonly number[]> } = {
    cells: {},
    numbers: {},
  };
  for (const [name, stored] of arrays) {
    const data = storedElements(stored);
    if (name.startsWith(numbers)) state.numbers[name.slice(numbers.length)] = [...data];
    else if (name.startsWith(cells) && isCellData(data)) {
      state.cells[name.slice(cells.length)] = { shape: stored.shape, data };
    } else
      throw new FormatError(`it has an array ${JSON.stringify(name)} of type ${stored.type} that means nothing here`);
  }
  return { ...run, state };
}

const isCellData = (data: ArrayLike<number>): data is SavedElements['data'] =>
  [Float32Array, Int32Array, Uint32Array, Uint8Array].some((kind) => data instanceof kind);

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x);
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
const isPlace = (x: unknown): x is Place =>
  isRecord(x) && isCount(x['epoch']) && isCount(x['batch']) && isCount(x['step']);
const isKept = (x: unknown): x is Kept =>
  isRecord(x) && isCount(x['epoch']) && isCount(x['step']) && Number.isFinite(x['value']);

/** Checks every field that is used. */
function checkedRun(text: string | undefined): Omit<Checkpoint, 'state'> {
  let run: unknown;
  try {
    run = JSON.parse(text ?? '');
  } catch (cause) {
    throw new FormatError(`what it says about its run is no JSON: ${(cause as Error).message}`, { cause });
  }
  const { place, seconds, about, strikes, best } = isRecord(run) ? run : {};
  if (
    !isPlace(place) ||
    !Number.isFinite(seconds) ||
    !isRecord(about) ||
    !isCount(strikes) ||
    !Array.isArray(best) ||
    !best.every(isKept)
  ) {
    throw new FormatError('it lacks fields about its run');
  }
  return { place, seconds: seconds as number, about: about as About, strikes, best };
}
