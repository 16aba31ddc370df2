import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { host } from '@chiaro/tensor/host';
import type { Place, TrainingLog } from '../../train/index.js';
import { pngOf } from '../png.js';
import { eventOf, stepOf, versionEvent, type EventContents } from './event.js';
import { recordOf, recordsOf } from './recordFile.js';

/** A file of events to which a run appends, and from which `start` cuts what will come again. */
class EventFile {
  #waiting: Uint8Array[] = [];

  constructor(private readonly path: string) {}

  /** Keeps the events up to a step. */
  async start(last: number): Promise<void> {
    const events = existsSync(this.path) ? recordsOf(await host.readFile(this.path)) : [];
    const kept = events.filter((event) => (stepOf(event) ?? Infinity) <= last);
    this.#waiting = [];
    await host.writeFile(this.path, Buffer.concat([versionEvent(now()), ...kept].map(recordOf)));
  }

  add(step: number, values: EventContents['values']): void {
    this.#waiting.push(recordOf(eventOf({ wallTime: now(), step, values })));
  }

  async flush(): Promise<void> {
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    if (all.length > 0) await appendFile(this.path, all);
  }
}

const now = (): number => Date.now() / 1000;

/**
 * Event files for TensorBoard, `tensorboard --logdir FOLDER`: the numbers of the steps as a run `train`, those of the
 * validations, and pictures, as a run `validation`, so that curves of one name lie in one chart.
 */
export function tensorboardLog(folder: string): TrainingLog {
  const file = (run: string): EventFile => new EventFile(join(folder, run, 'events.out.tfevents.0.chiaro'));
  const files = { step: file('train'), epoch: file('validation') };
  return {
    async start({ step, batch }: Place) {
      await files.step.start(step);
      // in the middle of an epoch all validations lie behind, after its last batch one may be to come
      await files.epoch.start(batch === 0 ? step : step - 1);
    },
    write({ kind, step, learningRate, values }) {
      files[kind].add(step, { ...values, ...(learningRate === undefined ? {} : { 'learning rate': learningRate }) });
    },
    picture({ name, step, width, height, pixels }) {
      files.epoch.add(step, { [name]: { width, height, png: pngOf(width, height, pixels) } });
    },
    async flush() {
      await files.step.flush();
      await files.epoch.flush();
    },
  };
}
