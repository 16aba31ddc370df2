import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ChiaroError, DeviceError } from '@chiaro/autograd';
import { photoDrawing, type PhotoDrawing, type Prediction } from '@chiaro/example-rich-reflectance';
import { attributeResult, displayImage, type MorphableModel } from '@chiaro/faces';
import { photoList } from '@chiaro/faces/node';
import { encodePixels } from '@chiaro/render';
import { host } from '@chiaro/tensor/host';

/** What is known of a frame: its file, written after its pictures, so that a frame with a file is done. */
interface FrameFile {
  readonly format: 's2f2-frame';
  readonly formatVersion: 1;
  /** By which networks. */
  readonly run: string;
  /** Why there is no face; none where there is one. */
  readonly missing?: string;
  /** Weights of blendshapes; axis times angle in radians; mm; SH coefficients of radiance. */
  readonly expression?: readonly number[];
  readonly rotation?: readonly number[];
  readonly translation?: readonly number[];
  readonly light?: readonly number[];
}

/** What a folder of frames came to. */
export interface FramesDone {
  /** Frames with a face, and those without and why, by their names. */
  readonly found: readonly string[];
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  /** How many of them an earlier run had done. */
  readonly known: number;
}

/** How frames are followed. */
export interface FramesWatch {
  readonly onProgress?: (what: string, done: number, count: number) => void;
  /** What people should know of a frame: no face, several of them. */
  readonly note: (text: string) => void;
}

/** Pictures of a frame, each in the folder of its name. */
const kinds = ['overlay', 'final', 'normals', 'diffuse'] as const;

const frameDrawing: PhotoDrawing = { ...photoDrawing, spp: 16, lights: 0, frames: 0 };

const read = async (path: string, run: string): Promise<FrameFile | undefined> => {
  if (!existsSync(path)) return undefined;
  try {
    const file = JSON.parse(new TextDecoder().decode(await host.readFile(path))) as FrameFile;
    return file.format === 's2f2-frame' && file.formatVersion === 1 && file.run === run ? file : undefined;
  } catch {
    return undefined; // it is made again
  }
};

/**
 * Rebuilds the face of every frame in a folder, each by itself: `overlay/NAME.png`, `final/NAME.png`, `normals/NAME.png`,
 * `diffuse/NAME.png`, and its expression, pose and light in `NAME.json`. A frame without a face is told of and left out; what
 * an earlier run by the same networks has done is not done again.
 * @param see finds the face of a picture. @throws ChiaroError where there is none.
 * @param run by which networks: frames of another are made again.
 * @throws ChiaroError for a folder without pictures.
 */
export async function rebuildFrames(
  model: MorphableModel,
  see: (path: string) => Promise<Prediction>,
  frames: string,
  folder: string,
  run: string,
  { onProgress, note }: FramesWatch,
  drawing: PhotoDrawing = frameDrawing,
): Promise<FramesDone> {
  const listed = await photoList([frames]);
  await mkdir(folder, { recursive: true });
  const [found, missing]: [string[], { name: string; why: string }[]] = [[], []];
  let before = 0;
  for (const [k, { path, name }] of listed.entries()) {
    const at = join(folder, `${name}.json`);
    let file = await read(at, run);
    if (file) before++;
    else {
      const known = await rebuilt(
        model,
        () => see(path),
        (kind) => join(folder, kind, `${name}.png`),
        drawing,
      );
      if (known.missing !== undefined) note(`${name}: ${known.missing}`);
      file = { format: 's2f2-frame', formatVersion: 1, run, ...known };
      await host.writeFile(at, new TextEncoder().encode(`${JSON.stringify(file)}\n`));
    }
    if (file.missing === undefined) found.push(name);
    else missing.push({ name, why: file.missing });
    onProgress?.('frames', k + 1, listed.length);
  }
  return { found, missing, known: before };
}

/** Draws a frame and says what its file says, or why it has no face. */
async function rebuilt(
  model: MorphableModel,
  see: () => Promise<Prediction>,
  pathOf: (kind: string) => string,
  drawing: PhotoDrawing,
): Promise<Omit<FrameFile, 'format' | 'formatVersion' | 'run'>> {
  let seen: Prediction;
  let images;
  try {
    seen = await see();
    ({ images } = await attributeResult(model, seen, { ...drawing, seconds: 0 }));
  } catch (error) {
    if (!(error instanceof ChiaroError) || error instanceof DeviceError) throw error;
    return { missing: error.message };
  }
  for (const kind of kinds) {
    const image = images[kind];
    if (!image) continue;
    const { pixels } = displayImage(image, kind === 'normals' ? 'normals' : 'color');
    await mkdir(dirname(pathOf(kind)), { recursive: true });
    await host.writeFile(pathOf(kind), await encodePixels(pixels, { format: 'png' }));
  }
  const { blendshapes, rotation, translation, light } = seen.face.attributes;
  const numbers = async (tensor: typeof light): Promise<number[]> => [...(await tensor.data())];
  return {
    expression: await numbers(blendshapes),
    rotation: await numbers(rotation),
    translation: await numbers(translation),
    light: await numbers(light),
  };
}
