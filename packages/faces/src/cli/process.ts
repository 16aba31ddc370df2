import { CommanderError } from 'commander';
import { onInterrupt } from '@chiaro/nn/node';
import { host } from '@chiaro/tensor/host';
import { ChiaroError } from '../engine.js';
import type { FitFace } from '../fit/types.js';
import { parseArguments } from './options.js';
import type { CLIOptions } from './options.js';
import { runFace } from './run.js';

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
  process.exitCode = await runFace(options, {
    fit: async (photo, given) => {
      await host.requestGPU(given.onNote); // the first time it may have to prepare a software GPU
      return fit(photo, given);
    },
    log: stderr,
    out: stdout,
    signal: control.signal,
  });
  release();
}
