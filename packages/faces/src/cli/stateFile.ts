import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { host } from '@chiaro/tensor/host';
import { ChiaroError, FormatError } from '../engine.js';
import { fitStages } from '../fit/types.js';
import type { FitCheckpoint, FitStage, SavedArray } from '../fit/types.js';
import { parseSafetensors, storedNumbers, writeSafetensors } from '../model/files/safetensors.js';
import type { StoredTensor } from '../model/files/safetensors.js';

/** What a run was about, so that it is only resumed as what it was. */
export interface RunIdentity {
  /** Absolute path of the photograph. */
  readonly photoPath: string;
  /** SHA-256 of its bytes. */
  readonly photoHash: string;
  readonly model?: string;
  readonly seed: number;
}

/** A checkpoint of a fit and the run it belongs to. */
export interface RunState {
  readonly run: RunIdentity;
  readonly checkpoint: FitCheckpoint;
}

/** The file of an interrupted run in its result folder. */
export const statePath = (folder: string): string => join(folder, 'fit-state.safetensors');

/** True if a folder holds an interrupted run. */
export const hasState = (folder: string): boolean => existsSync(statePath(folder));

/** Forgets the interrupted run of a folder. */
export const removeState = (folder: string): Promise<void> => rm(statePath(folder), { force: true });

/** Header of the file's JSON part, which lies in the tensor `state` because it may be long. */
interface StoredState {
  readonly run: RunIdentity;
  readonly stage: FitStage;
  readonly step: number;
  readonly info: Readonly<Record<string, unknown>>;
}

const prefix = 'array/';

/**
 * Writes `fit-state.safetensors`, whole or not at all: every array of the checkpoint under `array/NAME` (F32, I32), all
 * else as JSON in the bytes of `state`, `formatVersion` in the metadata.
 */
export async function writeState(folder: string, { run, checkpoint }: RunState): Promise<void> {
  const { stage, step, info, arrays } = checkpoint;
  const stored: StoredState = { run, stage, step, info };
  const text = new TextEncoder().encode(JSON.stringify(stored));
  const tensors = Object.entries(arrays).map(([name, { shape, data }]) => [
    prefix + name,
    { type: data instanceof Int32Array ? ('I32' as const) : ('F32' as const), shape, values: data },
  ]);
  const file = writeSafetensors(
    { state: { type: 'U8', shape: [text.length], values: text }, ...Object.fromEntries(tensors) },
    { formatVersion: '1', kind: 'chiaro-fit-state' },
  );
  await host.writeFile(statePath(folder), file);
}

function savedArray(stored: StoredTensor): SavedArray {
  if (stored.type !== 'I32') return { shape: stored.shape, data: storedNumbers(stored) };
  const { bytes } = stored;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = Int32Array.from({ length: bytes.length / 4 }, (_, k) => view.getInt32(4 * k, true));
  return { shape: stored.shape, data };
}

/** Reads the JSON part and checks every field that is used before the fit sees it. */
function storedState(tensor: StoredTensor | undefined): StoredState {
  if (tensor?.type !== 'U8') throw new FormatError('it has no state');
  let state: Partial<StoredState> | null;
  try {
    state = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(tensor.bytes)) as typeof state;
  } catch (cause) {
    throw new FormatError(`its state is no JSON: ${(cause as Error).message}`, { cause });
  }
  const { run, stage, step, info } = state ?? {};
  const isRun =
    typeof run?.photoPath === 'string' &&
    typeof run.photoHash === 'string' &&
    typeof run.seed === 'number' &&
    (run.model === undefined || typeof run.model === 'string');
  const isPlace = stage !== undefined && fitStages.includes(stage) && Number.isInteger(step);
  if (!isRun || !isPlace || typeof info !== 'object' || Array.isArray(info)) {
    throw new FormatError('its state lacks fields');
  }
  return { run, stage, step: step!, info };
}

function parseState(bytes: Uint8Array): RunState {
  const { metadata, tensors } = parseSafetensors(bytes);
  if (metadata.kind !== 'chiaro-fit-state') throw new FormatError('it is no state of a fit');
  if (metadata.formatVersion !== '1') {
    throw new FormatError(`it has format ${metadata.formatVersion}, this version reads format 1`);
  }
  const { run, stage, step, info } = storedState(tensors.get('state'));
  const arrays = [...tensors]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, stored]) => [name.slice(prefix.length), savedArray(stored)]);
  return {
    run,
    checkpoint: { formatVersion: 1, stage, step, info, arrays: Object.fromEntries(arrays) as FitCheckpoint['arrays'] },
  };
}

/**
 * Reads the interrupted run of a folder.
 * @throws ChiaroError if there is none, FormatError if its file is damaged or of another version.
 */
export async function readState(folder: string): Promise<RunState> {
  if (!hasState(folder)) {
    throw new ChiaroError(`nothing to resume: ${folder} holds no interrupted run; start without --resume`);
  }
  const path = statePath(folder);
  try {
    return parseState(await host.readFile(path));
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(`${path} cannot be resumed: ${cause.message}; start without --resume`, { cause });
  }
}
