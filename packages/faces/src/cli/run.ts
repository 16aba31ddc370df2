import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { host } from '@chiaro/tensor/host';
import { assetURL } from '../assets/readAsset.js';
import { ChiaroError } from '../engine.js';
import { resultFileNames, resultFiles } from '../report/resultFiles.js';
import type { fitClip } from '../fit/frames/fitClip.js';
import type { fitPhotos } from '../fit/fitPhotos.js';
import type { FitFace, FitResult } from '../fit/types.js';
import { loadPhoto } from '../photo/photo.js';
import type { Photo } from '../photo/photo.js';
import { duration, fixed } from '../report/format.js';
import { claimed, fitHooks } from './claimed.js';
import { writeFolder } from './folder.js';
import type { ProgressDisplay, TextStream } from './progress.js';
import { hasState, readState, removeState } from './stateFile.js';
import type { RunIdentity, RunState } from './stateFile.js';

/** One photograph, and where its result goes. */
export interface RunOptions {
  /** Path of the photograph; the bundled one, or that of the run to resume, if not given. */
  readonly photo?: string;
  /** Folder of the result. */
  readonly out: string;
  /** Seconds for the fit itself. */
  readonly budgetSeconds: number;
  readonly model?: string;
  readonly seed?: number;
  /** Which face from the left; the largest one if not given. */
  readonly face?: number;
  readonly resume: boolean;
}

/** What a run needs from its process. */
export interface RunEnvironment {
  readonly fit: FitFace;
  /** The fit of several photographs of one person. */
  readonly fitPerson: typeof fitPhotos;
  /** The fit of a clip's frames. */
  readonly fitClip: typeof fitClip;
  /** How many faces a photograph shows, for runs over all of them. */
  readonly countFaces: (photo: Photo) => Promise<number>;
  /** For progress and messages. */
  readonly log: TextStream;
  /** For what was made. */
  readonly out: TextStream;
  /** Stops the run, which stays resumable. */
  readonly signal: AbortSignal;
}

/** The photograph that is fitted when none is given: public domain, NASA. */
const bundledPhoto = 'photos/nasa_astronaut_collins.jpg';

/** Exit code as shells report an interrupt: 128 + 2. */
const interrupted = 130;
/** Exit code of any failure. */
export const failed = 1;

/** First of all random numbers where none is given. */
export const defaultSeed = 1;

/** SHA-256 in hexadecimal digits. */
export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What this run is about, after what it resumes. @throws ChiaroError where the two contradict each other. */
function identify(options: RunOptions, photoPath: string, photoHash: string, earlier?: RunIdentity): RunIdentity {
  const run = {
    photoPath,
    photoHash,
    model: options.model ?? earlier?.model,
    seed: options.seed ?? earlier?.seed ?? defaultSeed,
    face: options.face ?? earlier?.face,
  };
  if (earlier === undefined) return run;
  const changed =
    (run.photoHash !== earlier.photoHash &&
      `the photograph was ${earlier.photoPath} and is ${photoPath}, or changed`) ||
    (run.model !== earlier.model && `the model was ${earlier.model ?? 'the shipped one'}`) ||
    (run.seed !== earlier.seed && `the seed was ${earlier.seed}`) ||
    (run.face !== earlier.face &&
      `the face was ${earlier.face === undefined ? 'the largest one' : `number ${earlier.face}`}`);
  if (changed) throw new ChiaroError(`cannot resume ${options.out}: ${changed}; start without --resume`);
  return run;
}

function describe(photo: Photo, display: ProgressDisplay, { out, budgetSeconds }: RunOptions): void {
  display.note(`photograph  ${photo.name}, ${photo.originalWidth} x ${photo.originalHeight} pixels`);
  display.note(`result      ${out}, planned for ${duration(budgetSeconds)}`);
}

/** How good a fit is, in a line. */
export function summary({ metrics, totalSeconds }: FitResult): string {
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

/** Fits one photograph and writes the result folder; `saved` is told of every checkpoint. */
export async function fitToFolder(
  options: RunOptions,
  { fit, log, out, signal }: RunEnvironment,
  saved: () => void,
): Promise<FitResult> {
  const { out: folder, budgetSeconds } = options;
  const state: RunState | undefined = options.resume ? await readState(folder) : undefined;
  const path = options.photo ?? state?.run.photoPath ?? assetURL(bundledPhoto);
  const bytes = await host.readFile(path);
  const photo = await loadPhoto(bytes, { name: path.split(/[/\\]/).at(-1) });
  const photoPath = path.startsWith('file:') ? path : resolve(path);
  const run = identify(options, photoPath, hashOf(bytes), state?.run);

  const place = { folder, log, signal };
  return claimed(place, async (display) => {
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
      face: run.face,
      budgetSeconds,
      resume: state?.checkpoint,
      ...fitHooks(place, display, run, saved),
    });
    const files = await resultFiles(photo, result, new Date());
    signal.throwIfAborted();
    await writeFolder(folder, files, resultFileNames);
    await removeState(folder);
    display.stop();
    out.write(`${summary(result)}\n`);
    out.write(`wrote ${files.size} files; look at ${resolve(folder, 'report.html')}\n`);
    return result;
  });
}

/**
 * Does a command's work. Messages for people, one line each: of errors and of interrupts, `goOn` says how to go on where
 * something was saved.
 * @returns the exit code: that of the work, 1 for an error, 130 if it was interrupted.
 */
export async function reported(
  { log, signal }: RunEnvironment,
  work: () => Promise<number>,
  goOn: () => string | undefined,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) log.write('stopped\n');
    else log.write(`${errorLine(error)}\n`);
    const how = goOn();
    if (how !== undefined) log.write(`to go on: ${how}\n`);
    else if (signal.aborted) log.write('nothing was saved yet\n');
    return signal.aborted ? interrupted : failed;
  }
}

const errorLine = (error: unknown): string =>
  error instanceof ChiaroError
    ? `error: ${error.message}`
    : `error in Chiaro itself, please report it: ${(error as Error).stack ?? String(error)}`;

/** The whole command for one photograph: photograph in, result folder out. @returns the exit code, see `reported`. */
export function runFace(options: RunOptions, environment: RunEnvironment): Promise<number> {
  let resumable = false;
  return reported(
    environment,
    async () => {
      await fitToFolder(options, environment, () => (resumable = true));
      return 0;
    },
    () => (resumable ? `npm start -- --resume --out ${JSON.stringify(options.out)}` : undefined),
  );
}
