import { host } from '#host';
import type { TuningSubject } from '../device/tuning.js';
import { ChiaroError } from '../errors.js';
import type { CacheStore } from '../host/host.js';
import { Tensor } from '../tensor.js';
import { version } from '../version.js';
import { acquireDevice } from './devices.js';
import { idle, realize } from './realize.js';
import { leavesOf } from './tree.js';

/** One way to write one kernel, while it is being measured. */
export interface TuningCandidate {
  /** Which kernel: what it computes and how large it is. */
  readonly subject: string;
  readonly variant: string;
}

/** A kernel whose variants were measured, and which is used from now on. */
export interface TunedKernel extends TuningCandidate {
  /** The variant that is taken without measuring. */
  readonly usual: string;
  /** Milliseconds of the whole function with the chosen variant. */
  readonly ms: number;
  /** Milliseconds of the whole function with the usual variant. */
  readonly usualMs: number;
}

/** What `autotune` did. */
export interface TuningReport {
  /** Kernels measured in this call. */
  readonly measured: readonly TunedKernel[];
  /** Kernels whose choice was known from an earlier call or process. */
  readonly known: number;
  /** Where the choices are kept, for people. */
  readonly location: string;
}

/** Options of `autotune`. */
export interface AutotuneOptions {
  /** Runs per variant, of which the fastest counts; default 5. */
  readonly rounds?: number;
  /** Measures what is known already again. */
  readonly again?: boolean;
  /** Stops between two measurements: the call rejects with the signal's reason, and what was found is kept. */
  readonly signal?: AbortSignal;
  /** Told after every kernel how many of how many are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Where choices are kept between processes; default the host's cache (Node: a folder of the user; pages: IndexedDB). */
  readonly cache?: CacheStore;
  /** Milliseconds that `run` takes with a candidate; default the fastest of `rounds` runs by the wall clock. */
  readonly measure?: (run: () => Promise<void>, candidate: TuningCandidate) => Promise<number>;
}

const formatVersion = 1;
/** A variant must be so much faster than the usual one, or its lead may be noise. */
const lead = 0.95;

/**
 * Finds the fastest variants of the kernels that a function needs on this adapter, by measuring: tiles and splits of
 * products and convolutions, how rows of reductions are shared, whether maps go by single elements or by four. The
 * choices hold from then on, in this process and, after a call of `autotune` there, in later ones on the same adapter
 * with the same version of Chiaro: kernels that are known are not measured again. Without this call every choice is
 * made by the adapter's kind and the sizes alone.
 *
 * Sums are added in another order by another variant: results differ in their last bits, so a run is repeated bit for
 * bit only with the same choices.
 *
 * @param fn computes tensors, as often as it is called; it should not change cells. Give it inputs that are realized,
 *   and compile functions afterwards: what is compiled keeps its kernels. Without it only the kept choices are put to use.
 * @throws ChiaroError if `fn` is asynchronous or gives no tensor.
 *
 * @example
 * const { measured } = await autotune(() => model.forward(images));
 * for (const { subject, variant, ms, usualMs } of measured) console.log(subject, variant, usualMs / ms);
 */
export async function autotune(fn?: () => unknown, options: AutotuneOptions = {}): Promise<TuningReport> {
  const { rounds = 5, again = false, cache = host.cache, signal, onProgress } = options;
  const measure = options.measure ?? fastestOf(rounds);
  const { tuning, profile } = await acquireDevice();
  const key = `tuning ${version} ${profile.name}`;
  for (const [subject, variant] of await read(cache, key)) {
    if (!tuning.choices.has(subject)) tuning.choices.set(subject, variant);
  }
  if (!fn) return { measured: [], known: tuning.choices.size, location: cache.location };

  const run = (): Promise<void> => once(fn);
  const asked = await tuning.listening(run);
  const open = [...asked].filter(([subject]) => again || !tuning.choices.has(subject));
  const measured: TunedKernel[] = [];
  try {
    for (const [subject, about] of open) {
      signal?.throwIfAborted();
      const timed = (variant: string): Promise<number> =>
        tuning.trying(subject, variant, () => measure(run, { subject, variant }));
      const best = await fastest(about, timed);
      tuning.choices.set(subject, best.variant);
      measured.push({ subject, usual: about.usual, ...best });
      onProgress?.(measured.length, open.length);
    }
  } finally {
    if (measured.length > 0) await write(cache, key, tuning.choices);
  }
  return { measured, known: asked.size - open.length, location: cache.location };
}

/** Runs a function of tensors and waits for its results. */
async function once(fn: () => unknown): Promise<void> {
  const result = fn();
  if (result instanceof Promise) throw new ChiaroError('autotune: the function is asynchronous; give one that is not');
  const tensors = leavesOf(result).filter((leaf): leaf is Tensor => leaf instanceof Tensor);
  if (tensors.length === 0) throw new ChiaroError('autotune: the function gave no tensor; return what it computes');
  await realize(...tensors);
  await idle();
  tensors.forEach((t) => t.dispose());
}

/** The fastest variant; the usual one unless another keeps its lead in a second measurement of both. */
async function fastest({ variants, usual }: TuningSubject, timed: (variant: string) => Promise<number>) {
  let best = { variant: usual, ms: await timed(usual) };
  let usualMs = best.ms;
  for (const variant of variants) {
    if (variant === usual) continue;
    const ms = await timed(variant);
    if (ms < best.ms) best = { variant, ms };
  }
  if (best.variant !== usual) {
    usualMs = Math.min(usualMs, await timed(usual));
    best = { variant: best.variant, ms: Math.min(best.ms, await timed(best.variant)) };
  }
  return best.ms < lead * usualMs ? { ...best, usualMs } : { variant: usual, ms: usualMs, usualMs };
}

/** The fastest of some runs, after one that compiles. */
function fastestOf(rounds: number): (run: () => Promise<void>) => Promise<number> {
  return async (run) => {
    await run();
    let best = Infinity;
    for (let i = 0; i < rounds; i++) {
      const start = host.now();
      await run();
      best = Math.min(best, host.now() - start);
    }
    return best;
  };
}

/** Choices as they are kept: JSON. */
interface Kept {
  readonly formatVersion: number;
  readonly choices: Readonly<Record<string, string>>;
}

function isKept(value: unknown): value is Kept {
  const { formatVersion: format, choices } = (value ?? {}) as Partial<Kept>;
  if (format !== formatVersion || typeof choices !== 'object') return false;
  return Object.values(choices).every((variant) => typeof variant === 'string');
}

async function read(cache: CacheStore, key: string): Promise<[string, string][]> {
  const bytes = await cache.get(key);
  if (!bytes) return [];
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isKept(value)) return Object.entries(value.choices);
  } catch {
    // not JSON: as below
  }
  host.warn(`Chiaro: the measured kernel choices in ${cache.location} cannot be read; they are ignored and made anew.`);
  return [];
}

async function write(cache: CacheStore, key: string, choices: ReadonlyMap<string, string>): Promise<void> {
  const kept: Kept = { formatVersion, choices: Object.fromEntries(choices) };
  try {
    await cache.put(key, new TextEncoder().encode(JSON.stringify(kept)));
  } catch (reason) {
    host.warn(`Chiaro: the measured kernel choices hold for this process only: ${(reason as Error).message}`);
  }
}
