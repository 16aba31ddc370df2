import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { host } from '@chiaro/tensor/host';
import { FormatError } from '../engine.js';
import { isBefore, type Place, type TrainingLog, type TrainingRecord } from '../train/index.js';

/** Lines of records in a file. */
interface LineFormat {
  /** The first line for a record's names, if the format has one. */
  readonly head?: (record: TrainingRecord) => string;
  readonly line: (record: TrainingRecord) => string;
  /** What a line says about where it belongs; undefined for a line that was cut short. */
  readonly parse: (line: string) => Pick<TrainingRecord, 'kind' | 'step' | 'epoch'> | undefined;
}

/** A file that records of some kinds are appended to, and from which `start` cuts what will come again. */
function lineLog(path: string, { head, line, parse }: LineFormat, only?: TrainingRecord['kind']): TrainingLog {
  let waiting: string[] = [];
  let empty = true;
  return {
    async start(place: Place) {
      const text = existsSync(path) ? await readFile(path, 'utf8') : '';
      const lines = text.split('\n').slice(0, -1); // what follows the last end of line was cut short
      const first = head ? lines.splice(0, 1) : [];
      const kept = lines.filter((each) => {
        const found = parse(each);
        return found && isBefore(found, place);
      });
      empty = kept.length === 0;
      const whole = empty ? [] : [...first, ...kept];
      await host.writeFile(path, new TextEncoder().encode(whole.map((each) => `${each}\n`).join('')));
    },
    write(record) {
      if (only && record.kind !== only) return;
      if (empty && head) waiting.push(head(record));
      empty = false;
      waiting.push(line(record));
    },
    async flush() {
      const text = waiting.map((each) => `${each}\n`).join('');
      waiting = [];
      if (text !== '') await appendFile(path, text);
    },
  };
}

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

const isNumbers = (x: unknown): x is Record<string, number> =>
  typeof x === 'object' && x !== null && Object.values(x).every((value) => typeof value === 'number');

/** A record from a line; JSON has no NaN and no infinities, so they are text there. */
function recordOf(line: string): TrainingRecord | undefined {
  const record = parsed(line) as TrainingRecord | undefined;
  const values = Object.entries(record?.values ?? {}).map(([name, value]) => [name, Number(value)] as const);
  const { kind, step, epoch, seconds } = record ?? {};
  const fits = (kind === 'step' || kind === 'epoch') && isNumbers({ step, epoch, seconds });
  return record && fits ? { ...record, values: Object.fromEntries(values) } : undefined;
}

/** One JSON object per line for every step and every validation: a `TrainingRecord`. */
export const jsonlLog = (path: string): TrainingLog =>
  lineLog(path, {
    line: (record) =>
      JSON.stringify(record, (_, x: unknown) => (typeof x === 'number' && !Number.isFinite(x) ? String(x) : x)),
    parse: recordOf,
  });

/**
 * The records that `jsonlLog` wrote.
 * @throws FormatError that names a line that is none.
 */
export async function readJsonl(path: string): Promise<TrainingRecord[]> {
  const lines = new TextDecoder()
    .decode(await host.readFile(path))
    .split('\n')
    .slice(0, -1);
  return lines.map((line, i) => {
    const record = recordOf(line);
    if (!record) throw new FormatError(`${path}: line ${i + 1} is no record of a training run`);
    return record;
  });
}

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * A table of the steps, or of the validations after each epoch: step, epoch, seconds, and of steps the learning rate, then
 * a column for everything that the first record names.
 */
export function csvLog(path: string, kind: TrainingRecord['kind']): TrainingLog {
  const rate = kind === 'step' ? ['learningRate'] : [];
  return lineLog(
    path,
    {
      head: ({ values }) => ['step', 'epoch', 'seconds', ...rate, ...Object.keys(values)].map(quoted).join(','),
      line: ({ step, epoch, seconds, learningRate, values }) =>
        [step, epoch, seconds.toFixed(3), ...rate.map(() => learningRate ?? ''), ...Object.values(values)].join(','),
      parse(line) {
        const [step, epoch] = line.split(',').map(Number);
        return Number.isInteger(step) && Number.isInteger(epoch) ? { kind, step: step!, epoch: epoch! } : undefined;
      },
    },
    kind,
  );
}
