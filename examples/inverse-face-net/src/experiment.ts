import { join } from 'node:path';
import { deformedModel, loadFaceModel, type MorphableModel } from '@chiaro/faces';
import { lossOf, rows, type Preset, type Row } from './config.js';
import { corpusIn, priorPlan, type Corpus } from './corpus.js';
import { meanSquares, shares, sigmaDiagonal } from './losses.js';
import { FaceRenderer } from './model/faceRenderer.js';
import { multilinearModel, type MultilinearModel } from './model/multilinearModel.js';
import { vectorOf, type Group } from './model/parameters.js';
import { numbers } from './world/numbers.js';
import { worldPhotos, type WorldFace } from './world/worldPhotos.js';

/** All that the rows of a table share. */
export interface Experiment {
  readonly preset: Preset;
  readonly folder: string;
  readonly renderer: FaceRenderer;
  readonly corpus: Corpus;
  /** Photographs R that are bred from; their truth is only used for figures. */
  readonly pool: readonly WorldFace[];
  /** Photographs that rows are judged by: other identities, other lights. */
  readonly test: readonly WorldFace[];
}

/** How long work is followed. */
export interface Following {
  readonly onProgress?: (what: string, done: number, count: number) => void;
  readonly signal?: AbortSignal;
}

/** Seeds of the first corpus, the pool and the test: they never meet. */
export const worldSeeds = { corpus: 1, pool: 1_000_000, test: 2_000_000 };

/** The face model and its renderer. */
export async function rendererOf({ modes, scans, size }: Preset): Promise<FaceRenderer> {
  return new FaceRenderer(await multilinearModel(await loadFaceModel(), modes, { scans }), size);
}

/** The world's own face model: 60 of the modes, and local deformations that no mode has. */
export const heldOutModel = ({ base }: MultilinearModel): MorphableModel => deformedModel(base.data, numbers(77));

/** Makes, or reads, what all rows share: `folder` keeps it. */
export async function prepare(
  preset: Preset,
  folder: string,
  { onProgress, signal }: Following = {},
): Promise<Experiment> {
  const renderer = await rendererOf(preset);
  const { model } = renderer;
  const told = (what: string) => (done: number, count: number) => onProgress?.(what, done, count);
  const plan = priorPlan(renderer, preset.corpus, worldSeeds.corpus);
  const corpus = await corpusIn(join(folder, 'corpus'), renderer, plan, told('corpus'), signal);
  const world = heldOutModel(model);
  const { photo, ...of } = preset.world;
  const photos = (name: 'pool' | 'test', spp: number): Promise<WorldFace[]> =>
    worldPhotos(
      join(folder, name),
      world,
      model,
      { count: of[name], seed: worldSeeds[name], spp, photo, size: preset.size },
      told(`photographs (${name})`),
      signal,
    );
  return {
    ...{ preset, folder, renderer, corpus },
    pool: await photos('pool', of.poolSamples),
    test: await photos('test', of.testSamples),
  };
}

/** [N * S * S * 3] crops of photographs. */
export function cropsOf(faces: readonly WorldFace[]): Uint8Array {
  const size = faces[0].image.length;
  const crops = new Uint8Array(faces.length * size);
  faces.forEach(({ image }, k) => crops.set(image, k * size));
  return crops;
}

/** The groups' shares of the losses before anything is learned. */
export function initialShares({ renderer: { model }, corpus, preset }: Experiment): Record<Row, Record<Group, number>> {
  const squares = meanSquares(model.layout, corpus.theta);
  const of = (row: Row): Record<Group, number> => {
    const euclidean = lossOf(row) === 'euclidean';
    const sigma = euclidean ? vectorOf(model.layout, () => 1) : sigmaDiagonal(model, preset.sigmaUnits, squares);
    return { ...shares(model.layout, sigma, squares).shares };
  };
  return Object.fromEntries(rows.map((row) => [row, of(row)])) as Record<Row, Record<Group, number>>;
}
