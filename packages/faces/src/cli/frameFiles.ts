import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { host } from '@chiaro/tensor/host';
import { linearToBytes } from '../engine.js';
import type { FrameImages } from '../fit/frames/frameImages.js';
import { isFittedFrame } from '../fit/frames/frameState.js';
import type { FittedFrame } from '../fit/frames/frameState.js';
import type { FittedFrames } from '../fit/frames/fitFrames.js';
import type { ListedPhoto } from '../node/photoList.js';

/** Where the files of single frames lie in the result folder. */
export const frameFolder = (folder: string): string => join(folder, 'frames');

/** A frame's file: what was found of it, and of which run it is. */
interface FrameFile {
  readonly format: 'chiaro-frame';
  readonly formatVersion: 1;
  readonly run: string;
  readonly frame: FittedFrame;
}

const pathOf = (folder: string, name: string, ending: string): string => join(frameFolder(folder), `${name}.${ending}`);

/** Writes what was found of a frame, whole or not at all. */
export async function writeFrame(folder: string, name: string, run: string, frame: FittedFrame): Promise<void> {
  const file: FrameFile = { format: 'chiaro-frame', formatVersion: 1, run, frame };
  await host.writeFile(pathOf(folder, name, 'json'), new TextEncoder().encode(`${JSON.stringify(file)}\n`));
}

/** The frames that an earlier run of the same photographs and options found; files of other runs and damaged ones count as none. */
export async function knownFrames(
  folder: string,
  listed: readonly ListedPhoto[],
  run: string,
): Promise<readonly FittedFrame[]> {
  const found: FittedFrame[] = [];
  for (const [index, { name }] of listed.entries()) {
    const path = pathOf(folder, name, 'json');
    if (!existsSync(path)) continue;
    let file: Partial<FrameFile> | null;
    try {
      file = JSON.parse(new TextDecoder().decode(await host.readFile(path))) as typeof file;
    } catch {
      continue; // it is fitted again
    }
    const frame: unknown = file?.frame;
    const ours = file?.format === 'chiaro-frame' && file.formatVersion === 1 && file.run === run;
    if (ours && isFittedFrame(frame) && frame.index === index) found.push(frame);
  }
  return found;
}

const gap = 2;

/** Picture, overlay and relit face side by side, as JPEG beside the frame's numbers. */
export async function writeStrip(folder: string, name: string, { photo, overlay, relit }: FrameImages): Promise<void> {
  const { width, height } = photo;
  const cells = [photo, overlay, relit].map(({ data }, k) => ({
    input: Buffer.from(linearToBytes(data)),
    raw: { width, height, channels: 3 as const },
    left: k * (width + gap),
    top: 0,
  }));
  const size = { width: 3 * width + 2 * gap, height, channels: 3 as const, background: 'white' };
  const bytes = await sharp({ create: size }).composite(cells).jpeg({ quality: 92 }).toBuffer();
  await host.writeFile(pathOf(folder, name, 'jpg'), new Uint8Array(bytes));
}

/** Whether a frame's strip stands. */
export const hasStrip = (folder: string, name: string): boolean => existsSync(pathOf(folder, name, 'jpg'));

/** Milliseconds that the animation shows a frame: 25 frames a second. */
const frameMilliseconds = 40;

/** All strips as one animation (WebP). */
export async function animation(folder: string, names: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const files = names.map((name) => pathOf(folder, name, 'jpg'));
  const bytes = await sharp(files, { join: { animated: true } })
    .webp({ quality: 80, loop: 0, delay: files.map(() => frameMilliseconds) })
    .toBuffer();
  return new Uint8Array(bytes);
}

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

/** A line per frame: pose (radians, mm), mean light per colour (linear radiance), weights of the expression by their names. */
export function framesCSV({ frames }: Pick<FittedFrames, 'frames'>, blendshapeNames: readonly string[]): string {
  const axes = ['x', 'y', 'z'];
  const header = [
    ...['index', 'frame'],
    ...axes.map((axis) => `rotation ${axis}, rad`),
    ...axes.map((axis) => `translation ${axis}, mm`),
    ...['red', 'green', 'blue'].map((colour) => `light ${colour}`),
    ...blendshapeNames,
  ];
  // Y_00 is the same everywhere
  const meanRadiance = Math.sqrt(1 / (4 * Math.PI));
  const lines = frames.map(({ index, name, rotation, translation, light, expression }) => [
    ...[String(index), name],
    ...[...rotation, ...translation, ...light.slice(0, 3).map((x) => x * meanRadiance), ...expression].map((x) =>
      String(Number(x.toPrecision(7))),
    ),
  ]);
  return [header, ...lines].map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
}
