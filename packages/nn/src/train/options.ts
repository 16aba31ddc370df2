import type { Batched } from '../data/index.js';
import type { Tensor } from '../engine.js';
import type { About, Place } from './checkpoint.js';
import type { TrainingLog, TrainingProgress } from './records.js';
import type { Stateful } from './state.js';
import type { StepFunction, Values } from './step.js';
import type { CheckpointStore } from './store.js';
import type { Kept, WatchOptions } from './watch.js';

/** Batches of epochs, the same ones whenever they are asked for again: a `DataLoader`. */
export interface BatchSource<Batch> {
  /** Batches of an epoch. */
  readonly length: number;
  /** The batches of an epoch, from a number on. */
  batches(epoch: number, from: number): AsyncIterable<Batched<Batch>>;
}

/** What a `Trainer` trains, and how. */
export interface TrainerOptions<Batch> {
  /**
   * All that changes, by names of your own: modules, optimisers, moving averages, generators, cells, schedules (each is
   * stepped after every training step), and `ReduceOnPlateau` (told what `watch` sees). A checkpoint holds all of it; what
   * is left out begins anew when a run is resumed, and then the run no longer repeats.
   */
  readonly state: Readonly<Record<string, Stateful>>;
  readonly data: BatchSource<Batch>;
  /**
   * One training step, from the batch to `optimizer.step()` and `zeroGrad()`; gives the loss, or `{ loss, ...metrics }`.
   * It is recorded by `compile`, so tensors and numbers that change must come with the batch or lie in cells.
   */
  readonly step: StepFunction<Batch>;
  /** False for a step that cannot be recorded, or that `compile` made: true. */
  readonly compile?: boolean;
  readonly epochs: number;
  /**
   * Measures the network after each epoch. Modules are in their mode for use meanwhile, and moving averages are in the
   * parameters' places.
   */
  readonly validate?: (epoch: number) => Values | Promise<Values>;
  /**
   * Shows what the network does after each epoch, in the same state as `validate`: images of linear light [B, 1, H, W] or
   * [B, 3, H, W] by names made of letters, digits, _ and -. Each becomes a grid, for logs that take pictures.
   */
  readonly pictures?: (epoch: number) => Readonly<Record<string, Tensor>> | Promise<Readonly<Record<string, Tensor>>>;
  /** Keeps the best weights, and stops when they no longer get better. */
  readonly watch?: WatchOptions;
  /** When checkpoints are made, besides one after every epoch: every 60 seconds. */
  readonly checkpoint?: { readonly everySteps?: number; readonly everySeconds?: number };
  /** Seeds, sizes and the like: a run is only resumed with the same. */
  readonly about?: About;
  /** Looks into losses, and what is to be saved, for NaN and infinities, and finds out where they come from: true. */
  readonly guard?: boolean;
  /** Steps that may be under way before the loss of the first of them is waited for: 4. */
  readonly ahead?: number;
}

/** Where and how a run takes place. */
export interface RunOptions {
  /** For checkpoints and best weights: memory, unless given. */
  readonly store?: CheckpointStore;
  /** Goes on where the store's checkpoint is, if it has one: true. False begins anew: checkpoint and best weights go. */
  readonly resume?: boolean;
  /** Ends the run after the current step, with a checkpoint; `run` rejects with its reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly logs?: readonly TrainingLog[];
}

/** How a run ended. */
export interface TrainingResult {
  readonly place: Place;
  /** Seconds of work, over all parts of the run. */
  readonly seconds: number;
  /** All epochs are done, or the patience of `watch` is. */
  readonly ended: 'epochs' | 'patience';
  /** What `watch` kept, best first. */
  readonly best: readonly Kept[];
  /**
   * Gives the modules the best weights, or the ones after those.
   * @throws ChiaroError where there are none.
   */
  loadBest(rank?: number): Promise<void>;
}
