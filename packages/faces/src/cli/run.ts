import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { host } from '@chiaro/tensor/host';
import { assetURL } from '../assets/readAsset.js';
import { ChiaroError } from '../engine.js';
import { resultFileNames, resultFiles } from '../report/resultFiles.js';
import type { FitFace, FitResult } from '../fit/types.js';
import { loadPhoto } from '../photo/photo.js';
import type { Photo } from '../photo/photo.js';
import { duration, fixed } from '../report/format.js';
import { claimFolder, writeFolder } from './folder.js';
import type { CLIOptions } from './options.js';
import { progressDisplay } from './progress.js';
import type { ProgressDisplay, TextStream } from './progress.js';
import { hasState, readState, removeState, writeState } from './stateFile.js';
import type { RunIdentity, RunState } from './stateFile.js';

/** What a run needs from its process. */
export interface RunEnvironment {
  readonly fit: FitFace;
  /** For progress and messages. */
  readonly log: TextStream;
  /** For what was made. */
  readonly out: TextStream;
  /** Stops the run, which stays resumable. */
  readonly signal: AbortSignal;
}

/** The photograph that is fitted when none is given: public domain, NASA. */
const bundledPhoto = 'photos/nasa_astronaut_collins.jpg';

/** Exit codes: as shells report an interrupt (128 + 2), and any failure. */
const [interrupted, failed] = [130, 1];

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What this run is about, after what it resumes. @throws ChiaroError where the two contradict each other. */
function identify(options: CLIOptions, photoPath: string, photoHash: string, earlier?: RunIdentity): RunIdentity {
  const run = {
    photoPath,
    photoHash,
    model: options.model ?? earlier?.model,
    seed: options.seed ?? earlier?.seed ?? 1,
  };
  if (earlier === undefined) return run;
  const changed =
    (run.photoHash !== earlier.photoHash &&
      `the photograph was ${earlier.photoPath} and is ${photoPath}, or changed`) ||
    (run.model !== earlier.model && `the model was ${earlier.model ?? 'the shipped one'}`) ||
    (run.seed !== earlier.seed && `the seed was ${earlier.seed}`);
  if (changed) throw new ChiaroError(`cannot resume ${options.out}: ${changed}; start without --resume`);
  return run;
}

function describe(photo: Photo, display: ProgressDisplay, { out, budgetSeconds }: CLIOptions): void {
  display.note(`photograph  ${photo.name}, ${photo.originalWidth} x ${photo.originalHeight} pixels`);
  display.note(`result      ${out}, planned for ${duration(budgetSeconds)}`);
}

function summary({ metrics, totalSeconds }: FitResult): string {
  const { ssim, ssimModelOnly, psnr, photometricRmse8bit, landmarkRms, maskIou } = metrics;
  return [
    `SSIM ${fixed(ssim, 3)} (model only ${fixed(ssimModelOnly, 3)})`,
    `PSNR ${fixed(psnr, 1)} dB`,
    `RMSE ${fixed(photometricRmse8bit, 1)} of 255`,
    `landmarks ${fixed(100 * landmarkRms, 2)} % of the inter-ocular distance`,
    `mask IoU ${fixed(maskIou, 3)}`,
    duration(totalSeconds),
  ].join(', ');
}

/** Fits and writes; `saved` is told of every checkpoint. */
async function fitAndWrite(
  options: CLIOptions,
  { fit, log, out, signal }: RunEnvironment,
  saved: () => void,
): Promise<void> {
  const { out: folder, budgetSeconds } = options;
  const display = progressDisplay(log);
  const state: RunState | undefined = options.resume ? await readState(folder) : undefined;
  const path = options.photo ?? state?.run.photoPath ?? assetURL(bundledPhoto);
  const bytes = await host.readFile(path);
  const photo = await loadPhoto(bytes, { name: path.split(/[/\\]/).at(-1) });
  const photoPath = path.startsWith('file:') ? path : resolve(path);
  const run = identify(options, photoPath, hashOf(bytes), state?.run);

  const release = await claimFolder(folder);
  const stopping = (): void => display.note('stopping at the next step; Ctrl-C again stops at once');
  signal.addEventListener('abort', stopping);
  try {
    describe(photo, display, options);
    if (state) {
      saved(); // what was saved still stands
      display.note(`resuming    at ${state.checkpoint.stage}, step ${state.checkpoint.step}`);
    } else if (hasState(folder)) {
      display.note('            the interrupted run found there will be replaced (--resume would go on with it)');
    }
    const result = await fit(photo, {
      model: run.model,
      seed: run.seed,
      budgetSeconds,
      signal,
      resume: state?.checkpoint,
      onProgress: (progress) => display.update(progress),
      onNote: (note) => display.note(`note        ${note}`),
      onCheckpoint: async (checkpoint) => {
        await writeState(folder, { run, checkpoint });
        saved();
      },
    });
    const files = await resultFiles(photo, result, new Date());
    signal.throwIfAborted();
    await writeFolder(folder, files, resultFileNames);
    await removeState(folder);
    display.stop();
    out.write(`${summary(result)}\n`);
    out.write(`wrote ${files.size} files; look at ${resolve(folder, 'report.html')}\n`);
  } finally {
    signal.removeEventListener('abort', stopping);
    display.stop();
    await release();
  }
}

/**
 * The whole command: photograph in, result folder out. Messages for people, one line each.
 * @returns the exit code: 0, 1 for an error, 130 if it was interrupted.
 */
export async function runFace(options: CLIOptions, environment: RunEnvironment): Promise<number> {
  const { log, signal } = environment;
  let resumable = false;
  try {
    await fitAndWrite(options, environment, () => (resumable = true));
    return 0;
  } catch (error) {
    if (signal.aborted) log.write('stopped\n');
    else if (error instanceof ChiaroError) log.write(`error: ${error.message}\n`);
    else log.write(`error in Chiaro itself, please report it: ${(error as Error).stack ?? String(error)}\n`);
    if (resumable) log.write(`to go on: npm start -- --resume --out ${JSON.stringify(options.out)}\n`);
    else if (signal.aborted) log.write('nothing was saved yet\n');
    return signal.aborted ? interrupted : failed;
  }
}
