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
  readonly adam: Adam;
  /** What the steps change. */
  readonly cells: Readonly<Record<string, Parameter>>;
  /** Names of the values that a step gives. */
  readonly terms: readonly string[];
  /** One step; `progress` runs from 0 to 1 over the phase. */
  readonly step: (progress: number, k: number) => Tensor | Promise<Tensor>;
}

/** Values are read back, progress is sent and the signal is looked at every so many steps. */
const stride = 5;
const checkpointSeconds = 30;

/** What is left of the learning rates at the end of a phase. */
const lastRate = 0.1;

/** What a phase has behind it that is not recorded yet. */
interface Running {
  readonly curves: LossCurve[];
  readonly seconds: number;
}

/** The book-keeping of one fit: progress, cancelling, checkpoints, curves, seconds. */
export class FitRun {
  readonly generator: Generator;
  readonly stages: StageRecord[] = [];
  readonly notes: string[] = [];
  readonly #started = performance.now();
  readonly #before: number;
  readonly #cells: Record<string, Parameter> = {};
  #lastCheckpoint = performance.now();
  /** Share of the budget that no phase has had yet. What no phase asks for is for work without steps, and comes last. */
  #unclaimed: number;
  #resume: FitCheckpoint | undefined;
  #done: string[];
  /** Details of work without steps that is recorded; after a resumption it is done again, but counts once. */
  readonly #worked: string[];

  constructor(readonly options: Omit<FitOptions, 'model'>) {
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
    return this.#before + (performance.now() - this.#started) / 1000;
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
    this.options.onNote?.(text);
  }

  /** Runs a stage that is not made of steps, and records it. */
  async stage<T>(stage: FitStage, detail: string, work: () => Promise<T> | T): Promise<T> {
    this.#throwIfAborted();
    const from = performance.now();
    this.options.onProgress?.({ stage, detail, step: 0, steps: 1, rate: 0 });
    const result = await work();
    const seconds = (performance.now() - from) / 1000;
    this.#record(stage, seconds, this.#worked.includes(detail) ? 0 : 1, []);
    this.#worked.push(detail);
    this.options.onProgress?.({ stage, detail, step: 1, steps: 1, rate: 1 / Math.max(seconds, 1e-3), etaSeconds: 0 });
    return result;
  }

  /** Whether a checkpoint says that a phase is done; then its cells hold their values. */
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

  /**
   * Steps of Adam with learning rates that fall along a cosine. Fewer than planned where the machine is too slow for the
   * phase's share of the time: its rate is measured after the first steps, which compile kernels.
   */
  async optimise(phase: Phase): Promise<void> {
    const { name, stage, detail, adam, terms } = phase;
    if (this.isDone(name)) return;
    const left = Math.max(0, this.options.budgetSeconds - this.seconds);
    const allowed = (left * phase.share) / Math.max(this.#unclaimed, phase.share); // shares may add up to more than all
    const first = adam.groups.map((g) => g.lr);
    const started = performance.now();
    const restored = this.#restore(phase);
    let { k, steps } = restored;
    const begin = k;
    const curves = restored.curves ?? terms.map((term) => ({ phase: name, name: term, steps: [], values: [] }));
    const spent = (): number => restored.seconds + (performance.now() - started) / 1000;
    this.options.onProgress?.({ stage, detail, step: k, steps, rate: 0 });
    let warm = started;
    while (k < steps) {
      scaleRates(adam, first, lastRate + ((1 - lastRate) * (1 + Math.cos((Math.PI * k) / steps))) / 2);
      const values = await phase.step(k / Math.max(steps - 1, 1), k);
      k++;
      if (k % stride !== 0 && k !== steps && k !== begin + 1) continue;
      const numbers = await values.data();
      const now = performance.now();
      if (k === begin + 1) warm = now;
      // a resumed phase reads its first values for the rate only
      const resumed = k === begin + 1 && begin > 0 && k % stride !== 0;
      numbers.forEach((value, t) => {
        if (resumed) return;
        (curves[t].steps as number[]).push(k);
        (curves[t].values as number[]).push(value);
      });
      const rate = k > begin + 1 ? (k - begin - 1) / ((now - warm) / 1000) : 0;
      if (rate > 0) {
        const possible = k + Math.max(0, Math.floor((allowed - (now - started) / 1000) * rate));
        if (possible < steps && begin === 0) {
          steps = Math.max(possible, k);
          this.#slow(phase, steps);
        }
      }
      this.options.onProgress?.({
        stage,
        detail,
        step: k,
        steps,
        loss: numbers[0],
        rate,
        ...(rate > 0 && { etaSeconds: (steps - k) / rate }),
      });
      if (!Number.isFinite(numbers[0]))
        throw new ChiaroError(`fitFace: ${detail}: the loss became ${numbers[0]} at step ${k}`);
      const due = now - this.#lastCheckpoint > checkpointSeconds * 1000;
      if (due || this.options.signal?.aborted) await this.#checkpoint(phase, k, steps, { curves, seconds: spent() });
      this.#throwIfAborted();
    }
    scaleRates(adam, first, 1);
    await idle();
    this.#done.push(name);
    this.#unclaimed -= phase.share;
    this.#record(stage, spent(), k, curves);
    await this.#checkpoint(phase, k, steps);
  }

  #slowPhases = new Set<string>();
  #slow({ name, detail, steps: planned }: Phase, steps: number): void {
    if (this.#slowPhases.has(name)) return;
    this.#slowPhases.add(name);
    this.note(`${detail}: about ${steps} of ${planned} steps fit into the time; give more seconds for a better result`);
  }

  #record(stage: FitStage, seconds: number, steps: number, curves: readonly LossCurve[]): void {
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

  #restore({ name, adam, steps }: Phase): Partial<Running> & { k: number; steps: number; seconds: number } {
    const saved = this.#resume;
    if (saved?.info['phase'] !== name) return { k: 0, steps, seconds: 0 };
    this.#resume = undefined;
    const entries = Object.keys(saved.arrays)
      .filter((key) => key.startsWith('adam.'))
      .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
      .map((key) => entryOf(saved.arrays[key]));
    adam.load({ formatVersion: 1, entries });
    this.generator.state = saved.info['generator'] as Generator['state'];
    const { curves, seconds = 0 } = (saved.info['running'] as Partial<Running> | undefined) ?? {};
    return { k: saved.step, steps: saved.info['steps'] as number, curves, seconds };
  }

  async #checkpoint({ stage, name, adam }: Phase, step: number, steps: number, running?: Running): Promise<void> {
    this.#lastCheckpoint = performance.now();
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
