import type { FitOptions } from '../fit/types.js';
import { claimFolder } from './folder.js';
import { progressDisplay } from './progress.js';
import type { ProgressDisplay, TextStream } from './progress.js';
import { writeState } from './stateFile.js';
import type { RunIdentity } from './stateFile.js';

/** Work on a result folder. */
export interface ClaimedWork {
  readonly folder: string;
  readonly log: TextStream;
  readonly signal: AbortSignal;
}

/**
 * Does work that writes to a folder: makes sure before it that this is possible, shows progress while it goes on, says that
 * an interrupt was heard, and removes the folder where nothing came in.
 * @throws ChiaroError for a folder that cannot be written to, and what the work throws.
 */
export async function claimed<T>(
  { folder, log, signal }: ClaimedWork,
  work: (display: ProgressDisplay) => Promise<T>,
): Promise<T> {
  const release = await claimFolder(folder);
  const display = progressDisplay(log);
  const stopping = (): void => display.note('stopping at the next step; Ctrl-C again stops at once');
  signal.addEventListener('abort', stopping);
  try {
    return await work(display);
  } finally {
    signal.removeEventListener('abort', stopping);
    display.stop();
    await release();
  }
}

/** What a fit is given to tell: progress and notes go to a display, checkpoints to the folder; `saved` hears of each. */
export const fitHooks = (
  { folder, signal }: ClaimedWork,
  display: ProgressDisplay,
  run: RunIdentity,
  saved: () => void,
): Required<Pick<FitOptions, 'signal' | 'onProgress' | 'onNote' | 'onCheckpoint'>> => ({
  signal,
  onProgress: (progress) => display.update(progress),
  onNote: (note) => display.note(`note        ${note}`),
  onCheckpoint: async (checkpoint) => {
    await writeState(folder, { run, checkpoint });
    saved();
  },
});
