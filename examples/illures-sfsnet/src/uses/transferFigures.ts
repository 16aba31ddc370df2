import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { VideoFrame } from '../data/frames.js';
import { takeApart, type TakenApart } from '../evaluate/decompose.js';
import type { Decomposer } from '../networks/decomposition.js';
import { coverOf, painted, withEditedAlbedo, type Paint } from './edit.js';
import { relit, type ResidualUse } from './relight.js';
import { litBall, saveSheet, shownShading, within, type Square } from '../figures/sheet.js';

/** A frame and what it was taken apart into. */
interface TakenFrame {
  readonly frame: VideoFrame;
  readonly found: TakenApart;
}

/** Figure 14, and 8 a and b: the light of the faces above on the faces at the left; above, the light on balls too. */
async function saveLightTransfer(
  path: string,
  targets: readonly TakenFrame[],
  sources: readonly TakenFrame[],
  use: ResidualUse,
  zoom = 2,
): Promise<void> {
  const { size } = targets[0].frame;
  const none = new Float32Array(3 * size * size);
  const pictures: Square[] = [
    ...[none, ...sources.map(({ frame }) => frame.image)],
    ...[none, ...sources.map(({ found }) => shownShading(litBall(found.light, size)))],
    ...targets.flatMap(({ frame, found }) => [
      frame.image,
      ...sources.map((source) => within(relit(found, source.found.light, use), frame.mask)),
    ]),
  ];
  await saveSheet(path, pictures, { columns: 1 + sources.length, zoom });
}

/** Figure 8, c to e: in rows the picture, its albedo, the painted albedo, the result, and the picture itself painted. */
async function saveAlbedoEdits(path: string, faces: readonly TakenFrame[], paint: Paint, zoom = 2): Promise<void> {
  const pictures = faces.flatMap(({ frame: { image, mask, landmarks, size }, found }) => {
    const cover = coverOf(paint, landmarks, size);
    const edited = withEditedAlbedo(found, cover, paint);
    return [
      ...[image, within(found.albedo, mask), within(edited.albedo, mask), within(edited.image, mask)],
      within(painted(image, found, cover, paint), mask),
    ];
  });
  await saveSheet(path, pictures, { columns: 5, zoom });
}

/** A dark beard. */
const beard: Paint = { region: 'beard', colour: [0.03, 0.02, 0.015], strength: 0.85 };

/**
 * Writes `figure-8-NAME.png` (a beard by albedo editing, and painted on the picture) and `figure-14-NAME.png` (the light of
 * each of up to five frames on each other, R scaled). @returns names of the files.
 */
export async function saveUseFigures(
  folder: string,
  name: string,
  network: Decomposer,
  frames: readonly VideoFrame[],
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const shown = frames.slice(0, 5);
  const found = await takeApart(
    network,
    shown.map(({ image }) => image),
    shown[0].size,
  );
  const taken = shown.map((frame, k) => ({ frame, found: found[k] }));
  const files = [`figure-8-${name}.png`, `figure-14-${name}.png`];
  await saveAlbedoEdits(join(folder, files[0]), taken, beard);
  await saveLightTransfer(join(folder, files[1]), taken, taken, 'scale');
  return files;
}
