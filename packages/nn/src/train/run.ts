import { ChiaroError, FormatError, realize, type Tensor } from '../engine.js';
import { readSafetensors, writeSafetensors } from '../io/safetensors/index.js';
import { Module } from '../layers/index.js';
import { MovingAverage, Optimizer, ReduceOnPlateau, Schedule } from '../optim/index.js';
import { readCheckpoint, writeCheckpoint, type About, type Checkpoint, type Place } from './checkpoint.js';
import { Clock } from './clock.js';
import { findNonFinite } from './guard.js';
import type { RunOptions, TrainerOptions, TrainingResult } from './options.js';
import { picturesOf } from './pictures.js';
import type { TrainingProgress, TrainingRecord } from './records.js';
import type { TrainingState } from './state.js';
import { InFlight, type Values } from './step.js';
import { memoryStore, type CheckpointStore } from './store.js';
import { Watch, type Kept } from './watch.js';

/** The store's name for the checkpoint. */
const last = 'last.safetensors';

/** The store's name for weights of one module, a safetensors file for `Module.load`. */
const weightsName = ({ step }: Kept, module: string): string => `best-${step}-${module}.safetensors`;

/** Names that `weightsName` gives. */
const isWeightsName = (name: string): boolean => /^best-\d+-[\w-]+\.safetensors$/.test(name);

/** Seconds between flushes of the logs. */
const flushEvery = 2;

type Parts = Readonly<Record<string, Tensor>> & { readonly loss: Tensor };
type StepInfo = Omit<TrainingRecord, 'kind' | 'seconds' | 'values'> & { readonly place: Place };

/** One run of a `Trainer`. */
export class Run<Batch> {
  #place: Place = { epoch: 0, batch: 0, step: 0 };
  #clock = new Clock(0);
  #savedAt = 0;
  #flushedAt = 0;
  readonly #watch: Watch;
  readonly #store: CheckpointStore;
  readonly #reader: InFlight<StepInfo>;

  constructor(
    private readonly options: TrainerOptions<Batch>,
    private readonly state: TrainingState,
    private readonly step: (batch: Batch) => Parts,
    private readonly how: RunOptions,
  ) {
    this.#store = how.store ?? memoryStore();
    this.#watch = new Watch(options.watch);
    this.#reader = new InFlight(options.ahead ?? 4, (info, values) => this.#arrived(info, values));
  }

  async toEnd(): Promise<TrainingResult> {
    const { epochs } = this.options;
    const resumed = (this.how.resume ?? true) && (await this.#resume());
    for (const log of this.how.logs ?? []) await log.start(this.#place);
    if (!resumed) {
      await this.#save({ first: true });
      await this.#forgetWeights();
    }
    while (this.#place.epoch < epochs && !this.#watch.exhausted) {
      await this.#epoch();
      await this.#endEpoch();
    }
    await this.#flush();
    return {
      place: this.#place,
      seconds: this.#clock.seconds,
      ended: this.#place.epoch < epochs ? 'patience' : 'epochs',
      best: this.#watch.best,
      loadBest: (rank = 0) => this.#loadBest(rank),
    };
  }

  /** Removes the best weights of an earlier run, which the checkpoint no longer knows of. */
  async #forgetWeights(): Promise<void> {
    for (const name of await this.#store.list()) if (isWeightsName(name)) await this.#store.remove(name);
  }

  /** Takes up the checkpoint, if there is one. */
  async #resume(): Promise<boolean> {
    const bytes = await this.#store.read(last);
    if (!bytes) return false;
    const { place, seconds, strikes, best } = this.#restore(bytes);
    this.#place = place;
    this.#clock = new Clock(seconds);
    this.#savedAt = this.#flushedAt = seconds;
    this.#watch.strikes = strikes;
    this.#watch.best = best;
    return true;
  }

  /** Puts the state of a checkpoint back. */
  #restore(bytes: Uint8Array): Checkpoint {
    try {
      const checkpoint = readCheckpoint(bytes);
      expectSame(checkpoint.about, this.options.about ?? {});
      this.state.load(checkpoint.state);
      return checkpoint;
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw new FormatError(
        `${last} cannot be resumed: ${cause.message}. It is left as it is; begin anew with resume: false or elsewhere`,
        { cause },
      );
    }
  }

  async #epoch(): Promise<void> {
    const { epoch, batch } = this.#place;
    for await (const { batch: data } of this.options.data.batches(epoch, batch)) {
      await this.#stopIfAsked();
      const [optimizer] = this.state.all(Optimizer);
      const learningRate = optimizer?.[1].groups[0]?.lr;
      const parts = this.#train(data);
      await realize(...Object.values(parts)); // submits; without it a step that is not compiled would grow into the next
      const place = this.#place;
      this.#place = { epoch, batch: place.batch + 1, step: place.step + 1 };
      await this.#reader.push({ place, epoch, step: place.step + 1, learningRate }, parts);
      if (this.#isDue()) await this.#save();
    }
    await this.#stopIfAsked();
    await this.#reader.drain();
  }

  /** A training step and what goes with it. */
  #train(batch: Batch): Parts {
    const parts = this.step(batch);
    for (const [, schedule] of this.state.all(Schedule)) schedule.step();
    return parts;
  }

  async #stopIfAsked(): Promise<void> {
    if (!this.how.signal?.aborted) return;
    await this.#save();
    this.how.signal.throwIfAborted();
  }

  #isDue(): boolean {
    const { everySteps = Infinity, everySeconds = 60 } = this.options.checkpoint ?? {};
    return this.#place.step % everySteps === 0 || this.#clock.seconds - this.#savedAt >= everySeconds;
  }

  /** The numbers of a step are known. */
  async #arrived({ place, epoch, step, learningRate }: StepInfo, values: Values): Promise<void> {
    if (this.#guards && !Number.isFinite(values['loss'])) {
      throw await this.#diagnosis(place.step + 1, `the loss of step ${step} is ${values['loss']}`);
    }
    this.#clock.tick();
    this.#note({ kind: 'step', step, epoch, seconds: this.#clock.seconds, learningRate, values });
    this.#tell('train', { epoch, batch: place.batch + 1, step }, values);
    if (this.#clock.seconds - this.#flushedAt >= flushEvery) await this.#flush();
  }

  /** Measures, keeps what is good, and saves the place between the epochs. */
  async #endEpoch(): Promise<void> {
    const { epoch, step } = this.#place;
    const { validate, watch } = this.options;
    let dropped: readonly Kept[] = [];
    if (validate) {
      this.#tell('validate', this.#place, {});
      const values = await this.#forUse(async () => {
        const measured = await validate(epoch);
        const verdict = this.#watch.take(measured, { epoch, step });
        dropped = verdict.dropped;
        if (verdict.keep) await this.#keepWeights(this.#watch.best.find((kept) => kept.step === step)!);
        return measured;
      });
      if (watch) {
        const measure = values[watch.metric]! * (watch.better === 'lower' ? 1 : -1);
        for (const [, plateau] of this.state.all(ReduceOnPlateau)) plateau.step(measure);
      }
      this.#note({ kind: 'epoch', step, epoch, seconds: this.#clock.seconds, values });
      this.#tell('epoch', this.#place, values);
    }
    await this.#showPictures();
    if (validate ?? this.options.pictures) this.#clock.pause();
    this.#place = { epoch: epoch + 1, batch: 0, step };
    await this.#save();
    // only now: until the checkpoint is written, a resumed run may still know them
    for (const kept of dropped) {
      for (const [name] of this.state.all(Module)) await this.#store.remove(weightsName(kept, name));
    }
  }

  async #showPictures(): Promise<void> {
    const { pictures } = this.options;
    const logs = (this.how.logs ?? []).filter((log) => log.picture !== undefined);
    if (!pictures || logs.length === 0) return;
    const { epoch, step } = this.#place;
    const shown = await this.#forUse(async () => picturesOf(await pictures(epoch), { epoch, step }));
    for (const log of logs) shown.forEach((picture) => log.picture?.(picture));
  }

  /** Does something while modules are in their mode for use and have their averages for parameters. */
  async #forUse<T>(body: () => Promise<T>): Promise<T> {
    const roots = this.state.all(Module).map(([, module]) => module);
    const modes = roots.flatMap((root) => [root, ...root.namedModules().values()]).map((m) => [m, m.training] as const);
    const averages = this.state.all(MovingAverage).map(([, average]) => average);
    averages.forEach((average) => average.swap());
    roots.forEach((root) => root.eval());
    try {
      return await body();
    } finally {
      modes.forEach(([module, training]) => module.train(training)); // outer ones come first
      averages.forEach((average) => average.swap());
    }
  }

  async #keepWeights(kept: Kept): Promise<void> {
    for (const [name, module] of this.state.all(Module)) {
      const { step, epoch, value } = kept;
      const metadata = { step: String(step), epoch: String(epoch), [this.options.watch!.metric]: String(value) };
      await this.#store.write(weightsName(kept, name), writeSafetensors(await module.stateDict(), metadata));
    }
  }

  async #loadBest(rank: number): Promise<void> {
    const kept = this.#watch.best[rank];
    if (!kept)
      throw new ChiaroError(`loadBest: ${this.#watch.best.length} weights were kept, there is no number ${rank}`);
    for (const [name, module] of this.state.all(Module)) {
      const bytes = await this.#store.read(weightsName(kept, name));
      if (!bytes) throw new ChiaroError(`loadBest: ${weightsName(kept, name)} is no longer there`);
      module.load(readSafetensors(bytes));
    }
  }

  async #save({ first = false } = {}): Promise<void> {
    await this.#reader.drain();
    await this.#flush();
    const state = await this.state.save();
    const broken = Object.entries(state.cells).find(([, { data }]) => !data.every(Number.isFinite));
    if (broken && this.#guards && !first) throw await this.#diagnosis(this.#place.step, `${broken[0]} is not finite`);
    const bytes = writeCheckpoint({
      place: this.#place,
      seconds: this.#clock.seconds,
      about: this.options.about ?? {},
      strikes: this.#watch.strikes,
      best: this.#watch.best,
      state,
    });
    await this.#store.write(last, bytes);
    this.#savedAt = this.#clock.seconds;
  }

  get #guards(): boolean {
    return this.options.guard ?? true;
  }

  /** Repeats the steps since the last checkpoint, up to a number of them, to find out where something went wrong. */
  async #diagnosis(until: number, what: string): Promise<Error> {
    const { data, step } = this.options;
    const { place } = this.#restore((await this.#store.read(last))!);
    async function* batches(): AsyncGenerator<{ place: Place; batch: Batch }> {
      let at = place;
      for await (const { batch } of data.batches(at.epoch, at.batch)) {
        if (at.step >= until) return;
        yield { place: at, batch };
        at = { ...at, batch: at.batch + 1, step: at.step + 1 };
      }
    }
    const run = (batch: Batch): Tensor[] => Object.values(this.#train(batch));
    return (
      (await findNonFinite({ state: this.state, step, run }, batches())) ??
      new ChiaroError(
        `${what}, but the steps from ${place.step} on, repeated from the checkpoint, went well: the step depends on ` +
          'something that is not in state; put every generator and cell that it uses there',
      )
    );
  }

  #note(record: TrainingRecord): void {
    for (const log of this.how.logs ?? []) log.write(record);
  }

  async #flush(): Promise<void> {
    for (const log of this.how.logs ?? []) await log.flush();
    this.#flushedAt = this.#clock.seconds;
  }

  #tell(phase: TrainingProgress['phase'], place: Place, values: Values): void {
    const { epochs, data } = this.options;
    const { rate, seconds } = this.#clock;
    const steps = epochs * data.length;
    const etaSeconds = rate > 0 ? (steps - place.step) / rate : undefined;
    this.how.onProgress?.({ phase, ...place, epochs, batches: data.length, steps, values, rate, etaSeconds, seconds });
  }
}

function expectSame(then: About, now: About): void {
  const names = new Set([...Object.keys(then), ...Object.keys(now)]);
  const changed = [...names].filter((name) => then[name] !== now[name]);
  if (changed.length === 0) return;
  const list = changed.map((name) => `${name} was ${String(then[name])} and is ${String(now[name])}`).join(', ');
  throw new ChiaroError(`${last} is of another run: ${list}; begin anew with resume: false, or elsewhere`);
}
