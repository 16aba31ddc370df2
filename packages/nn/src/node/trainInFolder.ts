import { join, resolve } from 'node:path';
import { host } from '@chiaro/tensor/host';
import { ChiaroError } from '../engine.js';
import { trainingReport } from '../report/report.js';
import type { RunOptions, Trainer, TrainingResult } from '../train/index.js';
import { csvLog, jsonlLog, readJsonl } from './fileLogs.js';
import { folderStore } from './folderStore.js';
import { onInterrupt } from './onInterrupt.js';
import { pictureFiles, pictureLog } from './pictureLog.js';
import { progressDisplay, type TextStream } from './progress.js';
import { tensorboardLog } from './tensorboard/log.js';

/** A run was ended by Ctrl-C or SIGTERM, with a checkpoint: it can go on. */
export class InterruptedError extends ChiaroError {
  override readonly name = 'InterruptedError';
}

/** Options of `trainInFolder`. */
export interface FolderRunOptions extends Pick<RunOptions, 'resume' | 'signal'> {
  /** Heading of the report: the folder's name. */
  readonly title?: string;
  /** Where progress is shown: standard error. False shows none. */
  readonly stream?: TextStream | false;
}

/**
 * Runs a trainer with a folder: `last.safetensors` and the best weights, `log.jsonl`, `steps.csv`, `epochs.csv`, event
 * files for TensorBoard in `tensorboard`, pictures in `pictures` and, at the end, `report.html` with the curves. Progress is shown on a terminal as a bar, elsewhere as lines. Ctrl-C (or SIGTERM)
 * ends the run after the current step with a checkpoint; a second one at once. Running again goes on.
 * @throws what `Trainer.run` does; InterruptedError.
 *
 * @example const { loadBest } = await trainInFolder(trainer, 'out/digits', { title: 'Digits' });
 */
export async function trainInFolder<Batch>(
  trainer: Trainer<Batch>,
  folder: string,
  { title = folder, resume = true, signal, stream = process.stderr }: FolderRunOptions = {},
): Promise<TrainingResult> {
  const display = stream ? progressDisplay(stream) : undefined;
  const control = new AbortController();
  const passOn = (): void => control.abort(signal?.reason);
  if (signal?.aborted) passOn();
  signal?.addEventListener('abort', passOn);
  const release = onInterrupt(() => {
    if (control.signal.aborted) process.exit(130); // files are renamed into place: nothing is left half-written
    display?.note('stopping after this step; Ctrl-C again stops at once');
    control.abort(new InterruptedError('the run was interrupted; run it again to go on'));
  });
  const log = join(folder, 'log.jsonl');
  const report = join(folder, 'report.html');
  const pictures = join(folder, 'pictures');
  const logs = [
    jsonlLog(log),
    csvLog(join(folder, 'steps.csv'), 'step'),
    csvLog(join(folder, 'epochs.csv'), 'epoch'),
    tensorboardLog(join(folder, 'tensorboard')),
    pictureLog(pictures),
  ];
  try {
    const result = await trainer.run({
      store: folderStore(folder),
      resume,
      signal: control.signal,
      onProgress: (progress) => display?.update(progress),
      logs,
    });
    const page = trainingReport(await readJsonl(log), {
      ...{ title, seconds: result.seconds, best: result.best },
      pictures: (await pictureFiles(pictures)).map((each) => ({ ...each, file: `pictures/${each.file}` })),
    });
    await host.writeFile(report, new TextEncoder().encode(page));
    display?.note(`curves: ${resolve(report)}`);
    return result;
  } finally {
    release();
    signal?.removeEventListener('abort', passOn);
    display?.stop();
  }
}
