import { join } from 'node:path';
import { tensor } from '@chiaro/autograd';
import {
  albedoAtlas,
  attributeLayout,
  loadFaceModel,
  type AttributeModel,
  type AttributeStart,
  type MorphableModel,
} from '@chiaro/faces';
import { pinhole, type Camera } from '@chiaro/render';
import type { Preset } from './config.js';
import { worldFaces, worldModel, type WorldFace } from './world.js';

/** All that the rows of a table share. */
export interface Experiment {
  readonly preset: Preset;
  readonly folder: string;
  readonly model: MorphableModel;
  readonly start: AttributeStart;
  /** The camera that faces are rebuilt for: the focal length of the photographs is not known. */
  readonly camera: Camera;
  /** Photographs to learn from; only they and their landmarks are looked at. */
  readonly pool: readonly WorldFace[];
  /** Photographs to judge by: other people, other lights. */
  readonly test: readonly WorldFace[];
}

/** How long work is followed. */
export interface Following {
  readonly onProgress?: (what: string, done: number, count: number) => void;
  readonly signal?: AbortSignal;
}

/** Millimetres from the camera to the head at the start, and what a picture shows at that distance. */
const [distance, extent] = [1100, 300];
/** Radiance from everywhere at the start. */
const ambient = 0.5;
/** Seeds of the two sets: they never meet. */
const seeds = { pool: 1_000_000, test: 2_000_000 };

/** The pinhole camera of a number of pixels. */
const cameraOf = (size: number): Camera =>
  pinhole({
    ...{ width: size, height: size, near: 50, far: 5000 },
    intrinsics: tensor([(size * distance) / extent, (size * distance) / extent, size / 2, size / 2]),
  });

/** Makes, or reads, what all rows share: `folder` keeps it. */
export async function prepare(
  preset: Preset,
  folder: string,
  { onProgress, signal }: Following = {},
): Promise<Experiment> {
  const model = await loadFaceModel();
  const points = await model.landmarks(model.mean).data();
  const middle = (axis: number): number => {
    const values = Array.from({ length: 68 }, (_, k) => points[3 * k + axis]);
    return (Math.min(...values) + Math.max(...values)) / 2;
  };
  const world = await worldModel(model);
  const faces = (name: 'pool' | 'test'): Promise<WorldFace[]> =>
    worldFaces(
      join(folder, name),
      world,
      { count: preset.world[name], seed: seeds[name], size: preset.size, spp: preset.world.spp },
      (done, count) => onProgress?.(`photographs (${name})`, done, count),
      signal,
    );
  return {
    ...{ preset, folder, model, camera: cameraOf(preset.size) },
    start: { translation: [-middle(0), -middle(1), -distance], ambient },
    pool: await faces('pool'),
    test: await faces('test'),
  };
}

/** What turns vectors of a row into faces. */
export const attributeModel = ({ model, preset, start }: Experiment, bands: number): AttributeModel => ({
  model,
  atlas: albedoAtlas(model, preset.texture),
  layout: attributeLayout(model, { ...preset.modes, bands }, start),
});
