import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadFaceModel } from '@chiaro/faces';
import type { Preset } from './config.js';
import type { KeptFace } from './data/faceMaps.js';
import { faceSetOf, type FaceSetName } from './data/faceSets.js';
import { testPart, trainingPart, trainingSources } from './data/faceSources.js';
import { clipsOf, type VideoClip } from './data/frames.js';
import type { TrainingSources } from './data/sources.js';
import { saveDataSheet } from './figures/dataSheet.js';

/** All that the rows of a table share. */
export interface Experiment {
  readonly preset: Preset;
  readonly folder: string;
  readonly sources: TrainingSources;
  /** Path-traced faces of the training sets, of which the mean face is made. */
  readonly training: readonly KeptFace[];
  /** The stand-in's test set: identities, lights and looks of no training, labelled or not. */
  readonly test: readonly KeptFace[];
  /** The test set's faces in each other's light. */
  readonly relit: readonly KeptFace[];
  /** The identities of Expre-syn-like and Caric-syn-like that are for test. */
  readonly rendered: readonly KeptFace[];
}

/** What to prepare, and how it is followed. */
export interface PrepareOptions {
  /** In place of the stand-in for real video. */
  readonly clips?: readonly VideoClip[] | undefined;
  readonly onProgress?: (what: string, done: number, count: number) => void;
  readonly signal?: AbortSignal;
}

/** Draws pairs. */
const pairSeed = 8;

/**
 * Renders, or reads, what all rows share: `folder` keeps it, with a contact sheet of each set.
 * @throws FormatError for a folder that holds other sets; ChiaroError for clips without pairs.
 */
export async function prepare(
  preset: Preset,
  folder: string,
  { clips, ...following }: PrepareOptions = {},
): Promise<Experiment> {
  const model = await loadFaceModel();
  const setOf = async (name: FaceSetName): Promise<readonly KeptFace[]> => {
    const faces = await faceSetOf(join(folder, 'sets'), name, preset, model, following);
    const sheet = join(folder, 'sets', `${name}.png`);
    if (!existsSync(sheet)) await saveDataSheet(sheet, faces);
    return faces;
  };
  const sets = {
    ...{
      local: await setOf('local'),
      expressions: await setOf('expressions'),
      caricatures: await setOf('caricatures'),
    },
    ...{ styles: await setOf('styles'), deformations: await setOf('deformations') },
    clips: clips ?? clipsOf(await setOf('video')),
  };
  const { expressions, caricatures } = sets;
  return {
    ...{ preset, folder, sources: trainingSources(sets, preset, pairSeed) },
    ...{ test: await setOf('test'), relit: await setOf('relit') },
    training: [...trainingPart(expressions), ...trainingPart(caricatures)],
    rendered: [...testPart(expressions), ...testPart(caricatures)],
  };
}
