import { Command, InvalidArgumentError } from 'commander';
import { host } from '@chiaro/tensor/host';
import { ChiaroError, FormatError } from '../engine.js';
import { writeFaceModel } from '../model/files/faceModelFile.js';
import { loadFaceModel } from '../model/files/loadFaceModel.js';
import type { ParserHooks } from './options.js';

/** What to convert, and how. */
export interface ConvertOptions {
  /** A file that `loadFaceModel` takes, or the folder of ICT FaceKit with a slash at its end. */
  readonly from: string;
  /** The safetensors file that is written. */
  readonly to: string;
  /** JSON file with a list of 68 vertices. */
  readonly landmarks?: string;
  readonly textureSize: number;
  readonly albedoModes: number;
  readonly subdivisions: number;
}

const whole =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`a whole number from ${low} to ${high} is needed.`);
  };

/**
 * Reads the arguments (without node and script).
 * @throws CommanderError, after a message, for wrong arguments and for --help; its `exitCode` says which.
 */
export function parseConvertArguments(args: readonly string[], hooks: ParserHooks): ConvertOptions {
  const command = new Command('npm run convert-model --')
    .description(
      'Makes a Chiaro face model (safetensors) of a published one: Basel 2009 (.mat), Basel 2017 or 2019 and AlbedoMM ' +
        '(.h5), FLAME (.pkl, .npz), ICT FaceKit (folder with a slash at its end, or its compact file). What a file lacks ' +
        "comes from the package's own model.",
    )
    .argument('<from>', 'file or folder of the published model')
    .argument('<to>', 'file that is written; loadFaceModel and --model take it')
    .option('-l, --landmarks <file>', 'JSON list of the 68 landmark vertices (default: found by correspondence)')
    .option('-t, --texture <texels>', 'side of the albedo texture', whole(16, 4096), 256)
    .option('-a, --albedo-modes <number>', 'modes of colour that are kept', whole(0, 1000), 50)
    .option('-s, --subdivide <steps>', "steps of Loop's subdivision", whole(0, 2), 0)
    .allowExcessArguments(false)
    .configureOutput(hooks)
    .exitOverride();
  command.parse(args, { from: 'user' });
  const flags = command.opts<{ landmarks?: string; texture: number; albedoModes: number; subdivide: number }>();
  return {
    from: command.args[0],
    to: command.args[1],
    landmarks: flags.landmarks,
    textureSize: flags.texture,
    albedoModes: flags.albedoModes,
    subdivisions: flags.subdivide,
  };
}

async function landmarkList(path: string): Promise<number[]> {
  let list: unknown;
  try {
    list = JSON.parse(new TextDecoder().decode(await host.readFile(path)));
  } catch (error) {
    throw new FormatError(`${path} is no JSON file: ${(error as Error).message}`, { cause: error });
  }
  const isId = (x: unknown): x is number => Number.isInteger(x) && (x as number) >= 0;
  if (Array.isArray(list) && list.length === 68 && list.every(isId)) return list;
  throw new FormatError(`${path} must be a list of 68 vertices`);
}

/**
 * The whole command: a published model in, a file out. @returns the exit code; messages go to `log`, one line each.
 */
export async function convertModel(options: ConvertOptions, log: (line: string) => void): Promise<number> {
  const { from, to, landmarks, ...complete } = options;
  try {
    const { data } = await loadFaceModel({
      path: from,
      ...complete,
      ...(landmarks !== undefined && { landmarks: await landmarkList(landmarks) }),
    });
    const bytes = writeFaceModel(data);
    await host.writeFile(to, bytes);
    const size = data.positions.length;
    log(
      `${to}: ${data.name}, ${size / 3} vertices, ${data.identity.length / size} modes of identity, ` +
        `${data.blendshapeNames.length} of expression, ${(bytes.length / 2 ** 20).toFixed(1)} MiB`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof ChiaroError)) throw error;
    log(`error: ${error.message}`);
    return 1;
  }
}
