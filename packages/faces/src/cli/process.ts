import { CommanderError } from 'commander';
import { onInterrupt } from '@chiaro/nn/node';
import { host } from '@chiaro/tensor/host';
import { ChiaroError, tensor } from '../engine.js';
import { fitClip } from '../fit/frames/fitClip.js';
import { fitPhotos } from '../fit/fitPhotos.js';
import type { FitFace } from '../fit/types.js';
import { findFaces } from '../landmarks/findFaces.js';
import { parseArguments } from './options.js';
import type { CLIOptions } from './options.js';
import { runCommand } from './command.js';

const { stdout, stderr } = process;

/** The options of this process, or undefined after help or a message, with the exit code set. */
function optionsOfProcess(): CLIOptions | undefined {
  try {
    return parseArguments(process.argv.slice(2), {
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
    });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode;
    return undefined;
  }
}

/**
 * Runs the command with this process's arguments, streams and signals, and sets its exit code. The first Ctrl-C (or
 * SIGTERM) lets the fit save its state, a second one ends the process at once unless it is an echo of the first.
 */
export async function runProcess(fit: FitFace): Promise<void> {
  const options = optionsOfProcess();
  if (options === undefined) return;
  const control = new AbortController();
  // files are renamed into place: a process that ends at once leaves nothing half-written
  const release = onInterrupt(() => control.abort(new ChiaroError('interrupted')));
  // the first time it may have to prepare a software GPU
  const prepare = (note?: (text: string) => void): Promise<unknown> => host.requestGPU(note);
  process.exitCode = await runCommand(options, {
    fit: async (photo, given) => {
      await prepare(given.onNote);
      return fit(photo, given);
    },
    fitPerson: async (photos, given) => {
      await prepare(given.onNote);
      return fitPhotos(photos, given);
    },
    fitClip: async (frames, given) => {
      await prepare(given.onNote);
      return fitClip(frames, given);
    },
    countFaces: async (photo) => {
      await prepare((note) => stderr.write(`${note}\n`));
      return (await findFaces(tensor(photo.image.data, [photo.height, photo.width, 3]))).length;
    },
    log: stderr,
    out: stdout,
    signal: control.signal,
  });
  release();
}
