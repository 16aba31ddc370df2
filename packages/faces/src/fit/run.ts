import type { Adam } from '@chiaro/nn';
import { ChiaroError, Generator, idle, loadState, saveState } from '../engine.js';
import type { Parameter, SavedState, Tensor } from '../engine.js';
import { scaleRates } from './stages/modelTerms.js';
import type { FitCheckpoint, FitOptions, FitStage, LossCurve, SavedArray, StageRecord } from './types.js';

/** A list of steps that `FitRun.optimise` takes. */
export interface Phase {
  /** Unique in a fit. */
  readonly name: string;
  readonly stage: FitStage;
  /** For people. */
  readonly detail: string;
  readonly steps: number;
  /**
   * Part of the whole budget of seconds that is the phase's. Of what is left when it begins it gets its part among those
   * that are still to come, and makes fewer steps where that is too little: time that was lost before it, also to work
   * without steps, is made good.
   */
  readonly share: number;
  /**
   * Seconds that the work after the last phase is expected to take. Given by the last phase, which may then take all else
   * that is left, whatever its share.
   */
  readonly reserve?: number;
  readonly adam: Adam;
  /** Names of the values that a step gives. */
  readonly terms: readonly string[];
  /** One step; `progress` runs from 0 to 1 over the phase. */
  readonly step: (progress: number, k: number) => Tensor | Promise<Tensor>;
}

/** Values are read back, progress is sent, time and signal are looked at every so many steps, */
const stride = 5;
/** and after every step while one takes more than this part of the phase's time. */
const slowStep = 1 / 20;
/** A second step takes at least about this part of the first one, which compiles kernels. */
const secondStep = 0.5;
const checkpointSeconds = 30;

/** Phases are begun where the way to the end of their first step takes at most this part of their time. */
const beginning = 0.5;

/** What is left of the learning rates at the end of a phase. */
const lastRate = 0.1;

/** What a phase has behind it that is not recorded yet. */
interface Running {
  readonly curves: LossCurve[];
  readonly seconds: number;
}

/** Seconds per step after the first step, from the times at which steps were seen to be done. */
class Pace {
  #first: readonly [number, number] | undefined;
  #last: readonly [number, number] | undefined;
  /** Undefined before the second look. */
  secondsPerStep: number | undefined;

  /** At `seconds`, `k` steps are done. What happens once (a pause, a kernel that is compiled) shall not count for long. */
  look(k: number, seconds: number): void {
    const now = [k, seconds] as const;
    const since = ([k0, seconds0]: readonly [number, number]): number => (seconds - seconds0) / (k - k0);
    if (this.#first && this.#last) this.secondsPerStep = Math.min(since(this.#first), since(this.#last));
    this.#first ??= now;
    this.#last = now;
  }
}

/** The book-keeping of one fit: progress, cancelling, checkpoints, curves, seconds. */
export class FitRun {
  readonly generator: Generator;
  readonly stages: StageRecord[] = [];
  readonly notes: string[] = [];
  readonly #started: number;
  readonly #before: number;
  /** Up to when `stages` has all seconds: what lies between two stages belongs to the second one. */
  #recorded: number;
  readonly #cells: Record<string, Parameter> = {};
  #lastCheckpoint: number;
  /** Share of the budget that no phase has had yet. What no phase asks for is for work without steps, and comes last. */
  #unclaimed: number;
  #resume: FitCheckpoint | undefined;
  #done: string[];
  /** Details of work without steps that is recorded; after a resumption it is done again, but counts once. */
  readonly #worked: string[];

  /** @param now seconds of a clock. */
  constructor(
    readonly options: Omit<FitOptions, 'model'>,
    private readonly now: () => number = () => performance.now() / 1000,
  ) {
    this.#started = this.#recorded = this.#lastCheckpoint = now();
    const { resume, seed } = options;
    if (resume && resume.formatVersion !== 1) {
      throw new ChiaroError(`fitFace: the checkpoint has format ${String(resume.formatVersion)}, this version reads 1`);
    }
    if (resume && resume.info['seed'] !== seed) {
      throw new ChiaroError(
        `fitFace: the checkpoint is of seed ${String(resume.info['seed'])}, the options say ${seed}`,
      );
    }
    this.generator = new Generator(seed);
    this.#resume = resume;
    this.#before = (resume?.info['seconds'] as number | undefined) ?? 0;
    this.#done = [...((resume?.info['done'] as string[] | undefined) ?? [])];
    this.#unclaimed = (resume?.info['unclaimed'] as number | undefined) ?? 1;
    this.#worked = [...((resume?.info['worked'] as string[] | undefined) ?? [])];
    this.stages.push(...((resume?.info['stages'] as StageRecord[] | undefined) ?? []));
    this.notes.push(...((resume?.info['notes'] as string[] | undefined) ?? []));
  }

  /** Seconds of work, those before a resumption included. */
  get seconds(): number {
    return this.#before + this.now() - this.#started;
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
    this.options.onNote?.(text);
  }

  /** Runs a stage that is not made of steps, and records it. */
  async stage<T>(stage: FitStage, detail: string, work: () => Promise<T> | T): Promise<T> {
    this.#throwIfAborted();
    const from = this.now();
    this.options.onProgress?.({ stage, detail, step: 0, steps: 1, rate: 0 });
    const result = await work();
    await idle(); // what the work has only queued would count for the next stage
    const seconds = this.now() - from;
    this.#record(stage, this.#worked.includes(detail) ? 0 : 1, []);
    this.#worked.push(detail);
    this.options.onProgress?.({ stage, detail, step: 1, steps: 1, rate: 1 / Math.max(seconds, 1e-3), etaSeconds: 0 });
    return result;
  }

  /** Whether a checkpoint says that a phase is done; then what it changed has its values. */
  isDone(name: string): boolean {
    return this.#done.includes(name);
  }

  /** Whether a checkpoint stopped within a phase, which then goes on instead of beginning. */
  isWithin(name: string): boolean {
    return this.#resume?.info['phase'] === name && !this.isDone(name);
  }

  /** Cells that every checkpoint holds from now on; those of a resumed checkpoint get their values. */
  keep(prefix: string, cells: Readonly<Record<string, Parameter>>): void {
    for (const [name, cell] of Object.entries(cells)) {
      const key = `${prefix}.${name}`;
      this.#cells[key] = cell;
      const saved = this.#resume?.arrays[key];
      if (saved) loadState([cell], { formatVersion: 1, entries: [entryOf(saved)] });
    }
  }

  /** Seconds that a phase would have if it began now. */
  #secondsFor({ share, reserve }: Pick<Phase, 'share' | 'reserve'>): number {
    const left = Math.max(0, this.options.budgetSeconds - this.seconds);
    if (reserve !== undefined) return Math.max(0, left - reserve);
    return (left * share) / Math.max(this.#unclaimed, share); // shares may add up to more than all
  }

  /**
   * Whether a phase that takes about so many seconds up to the end of its first step has time for more than that. If not,
   * the phase counts as done, others get its share, and a note says that it is left out.
   */
  affords({ name, detail, share }: Pick<Phase, 'name' | 'detail' | 'share'>, seconds: number): boolean {
    if (seconds <= beginning * this.#secondsFor({ share })) return true;
    this.#finish({ name, share });
    this.note(`${detail}: left out, the time does not suffice; give more seconds for a better result`);
    return false;
  }

  #finish({ name, share }: Pick<Phase, 'name' | 'share'>): void {
    this.#done.push(name);
    this.#unclaimed -= share;
  }

  /**
   * Steps of Adam with learning rates that fall along a cosine. Fewer than planned where the machine is too slow for the
   * phase's share of the time; how many is planned again at every look at the clock. One is made in any case.
   * @returns the seconds of the first step, which compiles kernels; 0 for a phase that was done before.
   */
  async optimise(phase: Phase): Promise<number> {
    const { name, stage, detail, adam, terms } = phase;
    if (this.isDone(name)) return 0;
    const allowed = this.#secondsFor(phase);
    const first = adam.groups.map((g) => g.lr);
    const started = this.now();
    const restored = this.#restore(phase);
    let { k, steps } = restored;
    const begin = k;
    const curves = restored.curves ?? terms.map((term) => ({ phase: name, name: term, steps: [], values: [] }));
    this.options.onProgress?.({ stage, detail, step: k, steps, rate: 0 });
    const pace = new Pace();
    let firstStep = 0;
    while (k < steps) {
      scaleRates(adam, first, lastRate + ((1 - lastRate) * (1 + Math.cos((Math.PI * k) / steps))) / 2);
      const values = await phase.step(k / Math.max(steps - 1, 1), k);
      k++;
      const slow = (pace.secondsPerStep ?? firstStep) > slowStep * allowed;
      if (k % stride !== 0 && k !== steps && k !== begin + 1 && !slow) continue;
      const numbers = await values.data();
      const spent = this.now() - started;
      if (k === begin + 1) firstStep = spent;
      pace.look(k, spent);
      const perStep = pace.secondsPerStep;
      const more = Math.floor(Math.max(0, allowed - spent) / Math.max(perStep ?? secondStep * firstStep, 1e-6));
      // what the first step took tells only whether there is time for a second one
      if (perStep !== undefined || more === 0) steps = Math.min(k + more, phase.steps);
      // looks that are for the clock only leave no point
      if (k % stride === 0 || k === 1 || k === steps) {
        numbers.forEach((value, t) => {
          (curves[t].steps as number[]).push(k);
          (curves[t].values as number[]).push(value);
        });
      }
      this.options.onProgress?.({
        stage,
        detail,
        step: k,
        steps,
        loss: numbers[0],
        rate: perStep ? 1 / perStep : 0,
        ...(perStep !== undefined && { etaSeconds: (steps - k) * perStep }),
      });
      if (!Number.isFinite(numbers[0]))
        throw new ChiaroError(`fitFace: ${detail}: the loss became ${numbers[0]} at step ${k}`);
      const due = this.now() - this.#lastCheckpoint > checkpointSeconds;
      if (due || this.options.signal?.aborted)
        await this.#checkpoint(phase, k, steps, { curves, seconds: this.now() - this.#recorded });
      this.#throwIfAborted();
    }
    scaleRates(adam, first, 1);
    await idle();
    if (k < phase.steps)
      this.note(`${detail}: ${k} of ${phase.steps} steps fit into the time; give more seconds for a better result`);
    this.#finish(phase);
    this.#record(stage, k, curves);
    await this.#checkpoint(phase, k, steps);
    return firstStep;
  }

  /** Adds all that was done since the last record to a stage. */
  #record(stage: FitStage, steps: number, curves: readonly LossCurve[]): void {
    const now = this.now();
    const seconds = now - this.#recorded;
    this.#recorded = now;
    const at = this.stages.findIndex((record) => record.stage === stage);
    const old = this.stages[at];
    if (!old) this.stages.push({ stage, seconds, steps, curves });
    else {
      const all = { seconds: old.seconds + seconds, steps: old.steps + steps, curves: [...old.curves, ...curves] };
      this.stages[at] = { ...old, ...all };
    }
  }

  #throwIfAborted(): void {
    this.options.signal?.throwIfAborted();
  }

  #restore({ name, adam, steps }: Phase): { k: number; steps: number; curves?: LossCurve[] } {
    const saved = this.#resume;
    if (saved?.info['phase'] !== name) return { k: 0, steps };
    this.#resume = undefined;
    const entries = Object.keys(saved.arrays)
      .filter((key) => key.startsWith('adam.'))
      .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
      .map((key) => entryOf(saved.arrays[key]));
    adam.load({ formatVersion: 1, entries });
    this.generator.state = saved.info['generator'] as Generator['state'];
    const { curves, seconds = 0 } = (saved.info['running'] as Partial<Running> | undefined) ?? {};
    this.#recorded -= seconds;
    return { k: saved.step, steps: saved.info['steps'] as number, curves };
  }

  async #checkpoint({ stage, name, adam }: Phase, step: number, steps: number, running?: Running): Promise<void> {
    this.#lastCheckpoint = this.now();
    const { onCheckpoint, seed } = this.options;
    if (!onCheckpoint) return;
    const arrays: Record<string, SavedArray> = {};
    const add = (prefix: (k: number) => string, { entries }: SavedState): void => {
      entries.forEach((entry, k) => {
        if (entry.kind === 'cell') arrays[prefix(k)] = { shape: entry.shape, data: entry.data as SavedArray['data'] };
      });
    };
    const names = Object.keys(this.#cells);
    add((k) => names[k], await saveState(Object.values(this.#cells)));
    add((k) => `adam.${k}`, await adam.save());
    const { notes, stages, seconds } = this;
    const past = {
      done: this.#done,
      unclaimed: this.#unclaimed,
      worked: this.#worked,
      notes,
      stages,
      ...(running && { running }),
    };
    const info = { seed, phase: name, steps, generator: this.generator.state, seconds, ...past };
    await onCheckpoint({ formatVersion: 1, stage, step, arrays, info });
  }
}

function entryOf({ shape, data }: SavedArray): SavedState['entries'][number] {
  const dtype = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'uint32';
  return { kind: 'cell', shape, dtype, data };
}
