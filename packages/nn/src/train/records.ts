import type { Place } from './checkpoint.js';
import type { TrainingPicture } from './pictures.js';
import type { Values } from './step.js';

/** What happened in a step, or what `validate` found after an epoch. */
export interface TrainingRecord {
  readonly kind: 'step' | 'epoch';
  /** Steps done, this one included. */
  readonly step: number;
  /** The epoch that it belongs to, from 0. */
  readonly epoch: number;
  /** Seconds of work since the beginning of the run, over all its parts. */
  readonly seconds: number;
  /** The learning rate of the first optimiser's first group, during the step; only of steps. */
  readonly learningRate?: number;
  readonly values: Values;
}

/** Takes down what a run tells, in order. */
export interface TrainingLog {
  /**
   * A run begins, or goes on, at a place: what was noted of later steps will come again, and must be forgotten.
   */
  start(place: Place): void | Promise<void>;
  write(record: TrainingRecord): void;
  /** Takes a picture of an epoch that ended, if the log has a place for pictures. */
  picture?(picture: TrainingPicture): void;
  /** Makes safe what was written; called every few seconds, before every checkpoint and at the end. */
  flush(): void | Promise<void>;
}

/** True if a record was made before a run came to a place. */
export const isBefore = (record: Pick<TrainingRecord, 'kind' | 'step' | 'epoch'>, place: Place): boolean =>
  record.kind === 'step' ? record.step <= place.step : record.epoch < place.epoch;

/** Where a run is, for people. */
export interface TrainingProgress {
  readonly phase: 'train' | 'validate' | 'epoch';
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches of this epoch that are done. */
  readonly batch: number;
  readonly batches: number;
  /** Steps done, of all. */
  readonly step: number;
  readonly steps: number;
  /** Of the last step that is known, or of the validation in phase `epoch`. */
  readonly values: Values;
  /** Steps per second, lately. */
  readonly rate: number;
  /** Seconds to go; undefined before there is a rate. */
  readonly etaSeconds: number | undefined;
  /** Seconds of work since the beginning of the run. */
  readonly seconds: number;
}
