import { basename, join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { host } from '@chiaro/tensor/host';
import { ChiaroError, decodeImage, encodePixels, environmentOfSH, tensor } from '../engine.js';
import { loadFittedFace, valuesOf } from '../edit/fittedFace.js';
import { renderFittedFace } from '../edit/renderFittedFace.js';
import { displayImage } from '../export/display.js';
import { resample } from '../crop/index.js';
import { hostImage } from '../fit/result/hostImages.js';
import type { HostImage } from '../fit/types.js';
import { lightsPage } from '../report/lightsPage.js';
import { studioLights } from '../scene/studioLights.js';
import { writeFolder } from './folder.js';
import type { ParserHooks } from './options.js';

/** What to show, and how. */
export interface RelightOptions {
  /** Result folder of a fit or an edit. */
  readonly folder: string;
  /** Names of studio lights, image files with environment maps, other result folders; all studio lights if empty. */
  readonly lights: readonly string[];
  /** Frames of a turntable of the head under the first light; none below 2. */
  readonly turntable: number;
  /** Frames of the first light going once round the head; none below 2. */
  readonly orbit: number;
  /** Factor of the light. */
  readonly exposure: number;
  readonly size?: number;
  readonly spp: number;
  readonly model?: string;
  readonly out: string;
}

const number =
  (low: number, high: number, whole: boolean) =>
  (text: string): number => {
    const value = Number(text);
    if (value >= low && value <= high && (!whole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(`a ${whole ? 'whole ' : ''}number from ${low} to ${high} is needed.`);
  };

/**
 * Reads the arguments (without node and script).
 * @throws CommanderError, after a message, for wrong arguments and for --help; its `exitCode` says which.
 */
export function parseRelightArguments(args: readonly string[], hooks: ParserHooks): RelightOptions {
  const names = studioLights().map(({ label }) => `"${label}"`);
  const command = new Command('npm run relight --')
    .description('Shows a fitted face in other lights: PNG files and a page, from the result folder of a fit.')
    .argument('<folder>', 'result folder of npm start, or of npm run edit')
    .argument('[lights...]', `studio lights (${names.join(', ')}), environment maps (.hdr, .exr, .png), result folders`)
    .option('-t, --turntable <frames>', 'turn the head under the first light', number(0, 360, true), 0)
    .option('-l, --orbit <frames>', 'move the first light once round the head', number(0, 360, true), 0)
    .option('-e, --exposure <factor>', 'factor of the lights', number(1e-3, 1e3, false), 1)
    .option('--size <pixels>', 'side of the pictures (default: as fitted)', number(16, 2048, true))
    .option('--spp <samples>', 'samples per pixel', number(1, 4096, true), 32)
    .option('-m, --model <file>', 'face model of the fit (default: the shipped one)')
    .option('-o, --out <folder>', 'where the pictures go (default: relit in the result folder)')
    .configureOutput(hooks)
    .exitOverride();
  command.parse(args, { from: 'user' });
  const [folder, ...lights] = command.args;
  const flags = command.opts<
    Partial<RelightOptions> & Pick<RelightOptions, 'turntable' | 'orbit' | 'exposure' | 'spp'>
  >();
  return { ...flags, folder, lights, out: flags.out ?? join(folder, 'relit') };
}

interface Light {
  readonly label: string;
  /** Lat-long map of radiance, linear RGB. */
  readonly map: HostImage;
}

/** Rows that environment maps are brought to: more shows in no shadow of a face. */
const mapHeight = 128;

const mapOfSH = async (sh: ArrayLike<number>): Promise<HostImage> =>
  hostImage(environmentOfSH(tensor(Float32Array.from(sh), [sh.length / 3, 3]), { height: 32 }).clamp(0));

async function lightOf(name: string, model?: string): Promise<Light> {
  const studio = studioLights().find(({ label }) => label === name);
  if (studio) return { label: name, map: await mapOfSH(studio.sh) };
  if (!/\.\w{2,5}$/.test(name)) {
    const other = await loadFittedFace(name, model);
    return { label: `light of ${basename(name)}`, map: await mapOfSH(valuesOf(other, 'light.sh')) };
  }
  const map = await hostImage((await decodeImage(await host.readFile(name))).squeeze(0));
  const { width, height } = map;
  if (Math.abs(width - 2 * height) > 2)
    throw new ChiaroError(`${name}: an environment map is twice as wide as high, this is ${width} x ${height}`);
  const whole = { left: 0, top: 0, width, height };
  return { label: basename(name), map: height > mapHeight ? resample(map, whole, 2 * mapHeight, mapHeight) : map };
}

/** A map moved by a part of its width. */
function rolled({ data, ...sizes }: HostImage, part: number): HostImage {
  const { width, height } = sizes;
  const by = Math.round(part * width);
  const result = new Float32Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + ((x - by + width) % width));
      result.set(data.subarray(from, from + 3), 3 * (y * width + x));
    }
  return { ...sizes, data: result };
}

const brighter = (map: HostImage, factor: number): HostImage => ({ ...map, data: map.data.map((x) => factor * x) });

/** The largest angle of the turntable, radians. */
const reach = 0.9;

/**
 * The whole command: pictures of a fitted face under lights, as PNG files with a page. @returns the exit code; messages go to
 * `log`, one line each.
 */
export async function relightFace(options: RelightOptions, log: (line: string) => void): Promise<number> {
  const { folder, lights, exposure, size, spp, model, out } = options;
  try {
    const face = await loadFittedFace(folder, model);
    const names = lights.length > 0 ? lights : studioLights().map(({ label }) => label);
    const given: Light[] = [];
    for (const name of names) {
      const { label, map } = await lightOf(name, model);
      given.push({ label, map: brighter(map, exposure) });
    }
    const files = new Map<string, Uint8Array>();
    const add = async (name: string, image: HostImage): Promise<void> => {
      files.set(`${name}.png`, await encodePixels(displayImage(image, 'color').pixels, { format: 'png' }));
      log(`${name}.png`);
    };
    const relit = [];
    for (const [k, { label, map }] of given.entries()) {
      const image = await renderFittedFace(face, { light: map, size, spp });
      await add(`light-${k + 1}-${label.replace(/\W+/g, '-')}`, image);
      relit.push({ label, image, environment: map });
    }
    const [first] = given;
    const turned = await frames(
      options.turntable,
      (part) => reach * (2 * part - 1),
      false,
      (turn) => renderFittedFace(face, { light: first.map, turn, size, spp }),
    );
    const orbited = await frames(
      options.orbit,
      (part) => 2 * Math.PI * part,
      true,
      (angle) => renderFittedFace(face, { light: rolled(first.map, angle / (2 * Math.PI)), size, spp }),
    );
    for (const [name, table] of [
      ['turntable', turned],
      ['orbit', orbited],
    ] as const)
      for (const [k, frame] of (table?.frames ?? []).entries())
        await add(`${name}-${String(k).padStart(3, '0')}`, frame);
    const page = await lightsPage({ title: basename(resolve(folder)), relit, turned, orbited });
    files.set('index.html', new TextEncoder().encode(page));
    await writeFolder(out, files, []);
    log(`wrote ${files.size} files; look at ${resolve(out, 'index.html')}`);
    return 0;
  } catch (error) {
    if (!(error instanceof ChiaroError)) throw error;
    log(`error: ${error.message}`);
    return 1;
  }
}

/** Frames at angles: from the first to the last one, or round. */
async function frames(
  count: number,
  angleOf: (part: number) => number,
  round: boolean,
  render: (angle: number) => Promise<HostImage>,
): Promise<{ frames: HostImage[]; angles: number[] } | undefined> {
  if (count < 2) return undefined;
  const angles = Array.from({ length: count }, (_, k) => angleOf(k / (round ? count : count - 1)));
  const images: HostImage[] = [];
  for (const angle of angles) images.push(await render(angle));
  return { frames: images, angles };
}
