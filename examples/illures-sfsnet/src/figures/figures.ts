import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RowName } from '../config.js';
import type { FaceMaps } from '../data/faceMaps.js';
import type { VideoFrame } from '../data/frames.js';
import { takeApart, type TakenApart } from '../evaluate/decompose.js';
import type { AlignNet } from '../networks/alignNet.js';
import type { Decomposer } from '../networks/decomposition.js';
import { saveAlignments } from './alignment.js';
import { saveDecompositions, truthOf } from './decompositions.js';

/** What figures are made of. */
export interface FigureMaterial {
  /** The trained rows. */
  readonly networks: Readonly<Partial<Record<RowName, Decomposer>>>;
  readonly align: { readonly albedo: AlignNet; readonly normals: AlignNet } | undefined;
  /** Faces whose truth is known. */
  readonly faces: readonly FaceMaps[];
  /** Photographs, or frames of a video. */
  readonly photos: readonly VideoFrame[];
  /** Frames i and j of one clip. */
  readonly pairs: readonly (readonly [VideoFrame, VideoFrame])[];
}

/** The rows of figure 7 from above, and of figure 5. */
const [ablation, comparison] = [
  ['sfs', 'pseudo-labels', 'sfs-align', 'illures-pre', 'illures-align'],
  ['illures-align', 'pseudo-labels'],
] as const;

/**
 * Writes figures in the style of the paper's, of what there is: `figure-1` and `figure-5` (whole system and baseline; on
 * faces that are known their truth above them) and `figure-7` (rows of the ablation), on photographs and on renders;
 * `figure-4` (what AlignNets make of pairs). Columns are those of `saveDecompositions` and `saveAlignments`.
 * @returns names of the files.
 */
export async function saveFigures(folder: string, material: FigureMaterial): Promise<string[]> {
  const { networks, align, faces, photos, pairs } = material;
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  for (const [kind, frames, truth] of [
    ['photos', photos, []],
    ['renders', faces, [faces.map(truthOf)]],
  ] as const) {
    if (frames.length === 0) continue;
    const { size } = frames[0];
    const images = frames.map(({ image }) => image);
    const found = new Map<RowName, TakenApart[]>();
    for (const [row, network] of Object.entries(networks) as [RowName, Decomposer][])
      found.set(row, await takeApart(network, images, size));
    const methods = (rows: readonly RowName[]): TakenApart[][] =>
      rows.flatMap((row) => {
        const list = found.get(row);
        return list ? [list] : [];
      });
    const save = async (name: string, write: (path: string) => Promise<void>): Promise<void> => {
      const file = `${name}-${kind}.png`;
      await write(join(folder, file));
      written.push(file);
    };
    const whole = methods(['illures-align']);
    if (whole.length > 0) await save('figure-1', (path) => saveDecompositions(path, frames, whole));
    const compared = [...truth, ...methods(comparison)];
    if (methods(comparison).length > 1) await save('figure-5', (path) => saveDecompositions(path, frames, compared));
    const ablated = [...truth, ...methods(ablation)];
    if (methods(ablation).length > 1) await save('figure-7', (path) => saveDecompositions(path, frames, ablated));
  }
  const whole = networks['illures-align'];
  if (whole && align && pairs.length > 0) {
    const found = await takeApart(
      whole,
      pairs.flat().map(({ image }) => image),
      pairs[0][0].size,
    );
    const both = pairs.map((_, k) => [found[2 * k], found[2 * k + 1]] as const);
    await saveAlignments(join(folder, 'figure-4.png'), align, pairs, both);
    written.push('figure-4.png');
  }
  return written;
}
