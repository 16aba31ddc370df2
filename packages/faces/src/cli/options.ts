import { basename, extname, join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { FrameSmoothness } from '../fit/frames/smoothness.js';
import type { RunOptions } from './run.js';

/** What the command line asks for. */
export interface CLIOptions extends Omit<RunOptions, 'photo' | 'face'> {
  /** Photographs and folders of photographs; none for the bundled one, or that of the run to resume. */
  readonly photos: readonly string[];
  /** Which face from the left, or all of them; the largest one if not given. */
  readonly face?: number | 'all';
  /** The photographs are of one person, whose shape and albedo are fitted to all of them together. */
  readonly samePerson: boolean;
  /** Folder of frames of one person; excludes photographs. */
  readonly frames?: string;
  /** Of the frames; the usual one if not given. */
  readonly smoothness?: FrameSmoothness;
}

/** Minutes of a fit, so that all of `npm start` ends within 10 minutes, with `--quick` within 2, on two cores. */
const minutes = { usual: 8, quick: 1.4 };

/** Names of the results of the bundled photograph, and of several. */
const [defaultName, severalName] = ['example', 'photos'];

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

function faceNumber(text: string): number | 'all' {
  if (text === 'all') return text;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('a whole number from 1, or all, is needed.');
  return value;
}

/** Four standard deviations, or none of them. */
function smoothnessOf(text: string): FrameSmoothness {
  const names = ['rotation', 'translation', 'expression', 'light'] as const;
  const values = text === 'off' ? names.map(() => Infinity) : text.split(',').map(Number);
  if (values.length !== names.length || !values.every((value) => value > 0))
    throw new InvalidArgumentError('four numbers above 0 with commas between them are needed, or off.');
  return Object.fromEntries(names.map((name, k) => [name, values[k]])) as unknown as FrameSmoothness;
}

interface Flags {
  readonly out?: string;
  readonly quick: boolean;
  readonly budget?: number;
  readonly model?: string;
  readonly seed?: number;
  readonly face?: number | 'all';
  readonly samePerson: boolean;
  readonly resume: boolean;
  readonly frames?: string;
  readonly smoothness?: FrameSmoothness;
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
    .argument(
      '[photos...]',
      'JPEG, PNG, WebP, TIFF or AVIF files, or folders of them; a bundled photograph if not given',
    )
    .option('-o, --out <folder>', 'where the result goes (default: out/ and the name of the photograph)')
    .option('-q, --quick', 'a first look within two minutes', false)
    .option(
      '-b, --budget <minutes>',
      `minutes that the fit of a photograph may take (default: ${minutes.usual})`,
      positive,
    )
    .option('-m, --model <name or file>', 'face model (default: the shipped one)')
    .option('-s, --seed <number>', 'seed of the random numbers (default: 1)', whole)
    .option('-f, --face <number or all>', 'which face from the left, or all (default: the largest one)', faceNumber)
    .option('-p, --same-person', 'all photographs show one person: one shape and albedo for them together', false)
    .option('--frames <folder>', 'frames of one person in the order of their names, with smoothness over time')
    .option(
      '--smoothness <numbers>',
      'of frames: rotation (rad/frame^2), translation (mm/frame^2), expression (weight/frame^2), light (parts/frame) as ' +
        'standard deviations, or off (default: 0.008,0.6,0.02,0.1)',
      smoothnessOf,
    )
    .option('-r, --resume', 'go on with the interrupted run in the result folder', false)
    .configureOutput(hooks)
    .exitOverride();
  command.parse(args, { from: 'user' });
  const flags = command.opts<Flags>();
  if (flags.quick && flags.budget !== undefined) {
    command.error('error: --quick and --budget exclude each other; give one of them');
  }
  const photos = command.args;
  if (flags.resume && (photos.length > 1 || flags.face === 'all')) {
    command.error('error: --resume is for one photograph; of several, the same command goes on by itself');
  }
  if (flags.samePerson && (flags.face !== undefined || flags.resume)) {
    command.error(
      'error: --same-person takes the largest face of each photograph, and goes on by itself: leave out --face, --resume',
    );
  }
  if (
    flags.frames !== undefined &&
    (photos.length > 0 || flags.face !== undefined || flags.samePerson || flags.resume)
  ) {
    command.error(
      'error: --frames goes alone, and goes on by itself: leave out photographs, --face, --same-person, --resume',
    );
  }
  if (flags.smoothness !== undefined && flags.frames === undefined)
    command.error('error: --smoothness is for --frames');
  const name =
    flags.frames !== undefined
      ? basename(resolve(flags.frames))
      : photos.length === 0
        ? defaultName
        : photos.length > 1
          ? severalName
          : basename(photos[0], extname(photos[0]));
  return {
    photos,
    out: flags.out ?? join('out', name),
    budgetSeconds: 60 * (flags.budget ?? (flags.quick ? minutes.quick : minutes.usual)),
    model: flags.model,
    seed: flags.seed,
    face: flags.face,
    samePerson: flags.samePerson,
    resume: flags.resume,
    ...(flags.frames !== undefined && { frames: flags.frames }),
    ...(flags.smoothness && { smoothness: flags.smoothness }),
  };
}
