import { basename, extname, join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';

/** What the command line asks for. */
export interface CLIOptions {
  /** Path of the photograph; the bundled one, or that of the run to resume, if not given. */
  readonly photo?: string;
  /** Folder of the result. */
  readonly out: string;
  /** Seconds for the fit itself. */
  readonly budgetSeconds: number;
  readonly model?: string;
  readonly seed?: number;
  readonly resume: boolean;
}

/** Minutes of a fit, so that all of `npm start` ends within 10 minutes, with `--quick` within 2, on two cores. */
const minutes = { usual: 8, quick: 1.4 };

/** Name of the bundled photograph's result. */
const defaultName = 'example';

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('a number above 0 is needed.');
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
    throw new InvalidArgumentError('a whole number from 0 to 4294967295 is needed.');
  }
  return value;
}

interface Flags {
  readonly out?: string;
  readonly quick: boolean;
  readonly budget?: number;
  readonly model?: string;
  readonly seed?: number;
  readonly resume: boolean;
}

/** What stands behind the command: streams to write to, and whether commander may end the process. */
export interface ParserHooks {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/**
 * Reads the arguments (without node and script).
 * @throws CommanderError, after a message, for wrong arguments and for --help; its `exitCode` says which.
 */
export function parseArguments(args: readonly string[], hooks: ParserHooks): CLIOptions {
  const command = new Command('npm start --')
    .description('A face from one photograph: shape, reflectance and light, by differentiable ray tracing.')
    .argument('[photo]', 'JPEG, PNG, WebP, TIFF or AVIF file; a bundled photograph if not given')
    .option('-o, --out <folder>', 'where the result goes (default: out/ and the name of the photograph)')
    .option('-q, --quick', 'a first look within two minutes', false)
    .option('-b, --budget <minutes>', `minutes that the fit may take (default: ${minutes.usual})`, positive)
    .option('-m, --model <name or file>', 'face model (default: the shipped one)')
    .option('-s, --seed <number>', 'seed of the random numbers (default: 1)', whole)
    .option('-r, --resume', 'go on with the interrupted run in the result folder', false)
    .allowExcessArguments(false)
    .configureOutput(hooks)
    .exitOverride();
  command.parse(args, { from: 'user' });
  const flags = command.opts<Flags>();
  const photo = command.args[0] as string | undefined;
  if (flags.quick && flags.budget !== undefined) {
    command.error('error: --quick and --budget exclude each other; give one of them');
  }
  const name = photo === undefined ? defaultName : basename(photo, extname(photo));
  return {
    photo,
    out: flags.out ?? join('out', name),
    budgetSeconds: 60 * (flags.budget ?? (flags.quick ? minutes.quick : minutes.usual)),
    model: flags.model,
    seed: flags.seed,
    resume: flags.resume,
  };
}
