import { join } from 'node:path';
import { rows, type RowName } from './config.js';
import { clipsOf } from './data/frames.js';
import { photoFrame } from './data/photoFrame.js';
import type { Experiment } from './experiment.js';
import { saveFigures } from './figures/figures.js';
import type { Decomposer } from './networks/decomposition.js';
import { isTrained, trainedAlignNets, trainedNetwork } from './networks/trained.js';
import { saveUseFigures } from './uses/transferFigures.js';

/** Faces, and pairs of frames, that are shown. */
const most = 5;

/**
 * Makes figures in the style of the paper's 1, 4, 5, 7, 8 and 14 in a folder, of photographs and of rendered faces, with all
 * rows of a seed that were trained.
 * @returns the files. @throws ChiaroError for a photograph without a face.
 */
export async function figuresOf(
  { preset, folder, test, rendered }: Experiment,
  seed: number,
  photos: readonly string[],
  out: string,
): Promise<string[]> {
  const networks: Partial<Record<RowName, Decomposer>> = {};
  for (const row of Object.keys(rows) as RowName[]) {
    const which = { preset, folder, row, seed };
    if (isTrained(which)) networks[row] = await trainedNetwork(which);
  }
  const whole = { preset, folder, row: 'illures-align', seed } as const;
  const frames = [];
  for (const photo of photos) frames.push(await photoFrame(photo, preset.size));
  const step = Math.max(1, Math.floor(rendered.length / most));
  const faces = rendered.filter((_, k) => k % step === 0).slice(0, most);
  const material = {
    ...{ networks, photos: frames, faces: faces.map(({ maps }) => maps) },
    align: isTrained(whole) ? await trainedAlignNets(whole) : undefined,
    pairs: clipsOf(test)
      .slice(0, most)
      .map((clip) => [clip[0], clip[clip.length - 1]] as const),
  };
  const names = await saveFigures(out, material);
  const network = networks['illures-align'];
  if (network) {
    if (frames.length > 0) names.push(...(await saveUseFigures(out, 'photos', network, frames)));
    names.push(...(await saveUseFigures(out, 'renders', network, material.faces)));
  }
  return names.map((name) => join(out, name));
}
