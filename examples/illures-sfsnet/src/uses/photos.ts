import { mkdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { ChiaroError, tensor } from '@chiaro/autograd';
import { saveImage } from '@chiaro/render';
import type { VideoFrame } from '../data/frames.js';
import { photoFrame } from '../data/photoFrame.js';
import { takeApart, type TakenApart } from '../evaluate/decompose.js';
import { decompositionPictures } from '../figures/decompositions.js';
import { litBall, saveSheet, shownNormals, shownShading, within, type Square } from '../figures/sheet.js';
import type { Decomposer } from '../networks/decomposition.js';
import { coverOf, painted, withEditedAlbedo, type Paint } from './edit.js';
import { relit, residualUses } from './relight.js';

/** What the commands for photographs share. */
export interface PhotoUse {
  readonly network: Decomposer;
  /** Pixels of a side that the network takes. */
  readonly size: number;
  /** Folder of the results. */
  readonly out: string;
}

/** Photographs that were used. */
export interface UsedPhotos {
  /** Files that were written. */
  readonly files: readonly string[];
  /** What people should know: photographs that could not be used, and why. */
  readonly notes: readonly string[];
}

interface Photo extends VideoFrame {
  readonly name: string;
  readonly found: TakenApart;
}

/** Pixels of a sheet for each of the network's. */
const zoom = 3;

/** Photographs with a face, taken apart; of the others a note is left. */
async function takenPhotos(
  files: readonly string[],
  { network, size }: PhotoUse,
  notes: string[],
): Promise<readonly Photo[]> {
  const frames: (VideoFrame & { name: string })[] = [];
  for (const file of files)
    try {
      const frame = await photoFrame(file, size);
      notes.push(...frame.notes.map((note) => `${file}: ${note}`));
      frames.push({ ...frame, name: parse(file).name });
    } catch (error) {
      if (!(error instanceof ChiaroError)) throw error;
      notes.push(`left out: ${error.message}`);
    }
  const found = await takeApart(
    network,
    frames.map(({ image }) => image),
    size,
  );
  return frames.map((frame, k) => ({ ...frame, found: found[k] }));
}

/** A picture on its photograph's surroundings. */
const onPhoto = ({ image, mask }: VideoFrame, face: ArrayLike<number>): Square =>
  Float32Array.from(image, (x, i) => (mask[Math.floor(i / 3)] !== 0 ? face[i] : x));

async function save(path: string, picture: Square, size: number): Promise<string> {
  await saveImage(path, tensor(Float32Array.from(picture), [size, size, 3]));
  return path;
}

/** Takes photographs apart: for each a sheet of photograph, normals, albedo, shading, light on a ball, R, I_g again. */
export async function decomposePhotos(files: readonly string[], use: PhotoUse): Promise<UsedPhotos> {
  const notes: string[] = [];
  await mkdir(use.out, { recursive: true });
  const written: string[] = [];
  for (const photo of await takenPhotos(files, use, notes)) {
    const path = join(use.out, `${photo.name}.png`);
    await saveSheet(path, decompositionPictures(photo, photo.found), { columns: 7, zoom });
    written.push(path);
  }
  return { files: written, notes };
}

/**
 * Shows photographs in the light of another one: for each `NAME-relit.png`, R scaled, and a sheet `NAME-relighting.png` of
 * photograph, its light on a ball, the other photograph, its light, and the face relit with R dropped, kept, scaled.
 * @throws ChiaroError where the photograph of the light shows no face.
 */
export async function relightPhotos(files: readonly string[], light: string, use: PhotoUse): Promise<UsedPhotos> {
  const notes: string[] = [];
  const [source] = await takenPhotos([light], use, notes);
  if ((source as Photo | undefined) === undefined)
    throw new ChiaroError(`no light can be taken from ${light}\n${notes.join('\n')}`);
  await mkdir(use.out, { recursive: true });
  const written: string[] = [];
  for (const photo of await takenPhotos(files, use, notes)) {
    const { size, found, image, name } = photo;
    const faces = residualUses.map((residual) => onPhoto(photo, relit(found, source.found.light, residual)));
    const balls = [found.light, source.found.light].map((of) => shownShading(litBall(of, size)));
    const sheet = join(use.out, `${name}-relighting.png`);
    await saveSheet(sheet, [image, balls[0], source.image, balls[1], ...faces], { columns: 7, zoom });
    written.push(await save(join(use.out, `${name}-relit.png`), faces[2], size), sheet);
  }
  return { files: written, notes };
}

/**
 * Paints the albedo of photographs: for each `NAME-edited.png`, and a sheet `NAME-editing.png` of photograph, albedo,
 * painted albedo, normals, the face with that albedo, and the photograph itself painted over.
 */
export async function editPhotos(files: readonly string[], paint: Paint, use: PhotoUse): Promise<UsedPhotos> {
  const notes: string[] = [];
  await mkdir(use.out, { recursive: true });
  const written: string[] = [];
  for (const photo of await takenPhotos(files, use, notes)) {
    const { size, found, image, landmarks, mask, name } = photo;
    const cover = coverOf(paint, landmarks, size);
    const edited = withEditedAlbedo(found, cover, paint);
    const face = onPhoto(photo, edited.image);
    const pictures = [
      ...[image, within(found.albedo, mask), within(edited.albedo, mask), within(shownNormals(found.normals), mask)],
      ...[face, painted(image, found, cover, paint)],
    ];
    const sheet = join(use.out, `${name}-editing.png`);
    await saveSheet(sheet, pictures, { columns: 6, zoom });
    written.push(await save(join(use.out, `${name}-edited.png`), face, size), sheet);
  }
  return { files: written, notes };
}
