import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSafetensors, storedElements, writeSafetensors, type StoredArray } from '@chiaro/nn';
import { host } from '@chiaro/tensor/host';
import { ChiaroError, FormatError } from '../engine.js';
import { fitStages } from '../fit/types.js';
import type { FitCheckpoint, FitStage, SavedArray } from '../fit/types.js';

/** What a run was about, so that it is only resumed as what it was. */
export interface RunIdentity {
  /** Absolute path of the photograph. */
  readonly photoPath: string;
  /** SHA-256 of its bytes. */
  readonly photoHash: string;
  readonly model?: string;
  readonly seed: number;
  /** Which face from the left, where one was asked for. */
  readonly face?: number;
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
  const tensors = Object.entries(arrays).map(([name, { shape, data }]) => [prefix + name, { shape, data }]);
  const file = writeSafetensors(
    { state: { shape: [text.length], data: text }, ...Object.fromEntries(tensors) },
    { formatVersion: '1', kind: 'chiaro-fit-state' },
  );
  await host.writeFile(statePath(folder), file);
}

function savedArray(stored: StoredArray): SavedArray {
  const data = storedElements(stored);
  return { shape: stored.shape, data: data instanceof Int32Array ? data : Float32Array.from(data) };
}

/** Reads the JSON part and checks every field that is used before the fit sees it. */
function storedState(tensor: StoredArray | undefined): StoredState {
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
    (run.model === undefined || typeof run.model === 'string') &&
    (run.face === undefined || typeof run.face === 'number');
  const isPlace = stage !== undefined && fitStages.includes(stage) && Number.isInteger(step);
  if (!isRun || !isPlace || typeof info !== 'object' || Array.isArray(info)) {
    throw new FormatError('its state lacks fields');
  }
  return { run, stage, step: step!, info };
}

function parseState(bytes: Uint8Array): RunState {
  const { metadata, arrays: stored } = parseSafetensors(bytes);
  if (metadata.kind !== 'chiaro-fit-state') throw new FormatError('it is no state of a fit');
  if (metadata.formatVersion !== '1') {
    throw new FormatError(`it has format ${metadata.formatVersion}, this version reads format 1`);
  }
  const { run, stage, step, info } = storedState(stored.get('state'));
  const arrays = [...stored]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, array]) => [name.slice(prefix.length), savedArray(array)]);
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

/**
 * The interrupted run of a folder if it is just this one; none if there is none, another one, or its file is damaged.
 * Where the photographs lie does not matter.
 */
export async function stateOf(folder: string, run: Omit<RunIdentity, 'photoPath'>): Promise<RunState | undefined> {
  if (!hasState(folder)) return undefined;
  try {
    const state = await readState(folder);
    const same = (['photoHash', 'model', 'seed', 'face'] as const).every((key) => state.run[key] === run[key]);
    return same ? state : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
