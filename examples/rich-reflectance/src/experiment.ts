import { join } from 'node:path';
import { tensor } from '@chiaro/autograd';
import {
  albedoAtlas,
  attributeLayout,
  cropRules,
  loadFaceModel,
  type AttributeModel,
  type AttributeStart,
  type MorphableModel,
} from '@chiaro/faces';
import { pinhole, type Camera } from '@chiaro/render';
import type { Preset } from './config.js';
import {
  worldFaces,
  worldModel,
  worldPhotos,
  type WorldFace,
  type WorldPhoto,
  type WorldPlan,
  type WorldVariation,
} from './world.js';

/** What faces are rebuilt by. */
export interface Setting {
  readonly preset: Preset;
  readonly model: MorphableModel;
  readonly start: AttributeStart;
  /** The camera that faces are rebuilt for: the focal length of the photographs is not known. */
  readonly camera: Camera;
  /** Its focal length over the picture's side. */
  readonly focal: number;
}

/** All that the rows of a table share. */
export interface Experiment extends Setting {
  readonly folder: string;
  /** Photographs to learn from. */
  readonly pool: readonly WorldPhoto[];
  /** Photographs to judge by: other people, other lights. */
  readonly test: readonly WorldFace[];
}

/** How long work is followed. */
export interface Following {
  readonly onProgress?: (what: string, done: number, count: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Where the 68 landmarks of a face lie in the world's photographs: the longer side of their box takes 0.492 +- 0.024 of the
 * picture's side, and its middle is as far below the picture's as the rule has it, +- 0.003 of that side. People's
 * photographs are cut out alike, and faces begin there.
 */
const { margin, raised } = cropRules.richReflectance;
/** Millimetres from the camera to the head at the start. */
const distance = 1100;
/** Radiance from everywhere at the start. */
const ambient = 0.5;
/** Seeds of the two sets: they never meet. */
const seeds = { pool: 1_000_000, test: 2_000_000 };

/** The model, and the camera and place of a face in a picture of the preset's size. */
export async function settingOf(preset: Preset): Promise<Setting> {
  const model = await loadFaceModel();
  const points = await model.landmarks(model.mean).data();
  const box = [0, 1].map((axis) => {
    const values = Array.from({ length: 68 }, (_, k) => points[3 * k + axis]);
    return { from: Math.min(...values), to: Math.max(...values) };
  });
  const longer = Math.max(...box.map(({ from, to }) => to - from));
  /** Millimetres at the head that the picture shows. */
  const extent = longer * margin;
  const middle = box.map(({ from, to }) => (from + to) / 2);
  const focal = distance / extent;
  return {
    ...{ preset, model, focal },
    camera: pinhole({
      ...{ width: preset.size, height: preset.size, near: 50, far: 5000 },
      intrinsics: tensor([focal, focal, 0.5, 0.5].map((x) => x * preset.size)),
    }),
    start: { translation: [-middle[0], -longer * raised - middle[1], -distance], ambient },
  };
}

/** In what each of the two sets differs from rich reflectance's own. */
export type WorldVariations = Readonly<Partial<Record<'pool' | 'test', WorldVariation>>>;

/** Makes, or reads, what all rows share: `folder` keeps it. */
export async function prepare(
  preset: Preset,
  folder: string,
  { onProgress, signal }: Following = {},
  variations: WorldVariations = {},
): Promise<Experiment> {
  const setting = await settingOf(preset);
  const world = await worldModel(setting.model);
  const plan = (name: 'pool' | 'test'): WorldPlan => ({
    ...{ count: preset.world[name], seed: seeds[name], size: preset.size, spp: preset.world.spp },
    variation: variations[name],
  });
  const watch = (name: string) => (done: number, count: number) => onProgress?.(`photographs (${name})`, done, count);
  return {
    ...{ ...setting, folder },
    pool: await worldPhotos(join(folder, 'pool'), world, plan('pool'), watch('pool'), signal),
    test: await worldFaces(join(folder, 'test'), world, plan('test'), watch('test'), signal),
  };
}

/** What turns vectors of a row into faces. */
export const attributeModel = ({ model, preset, start }: Setting, bands: number): AttributeModel => ({
  model,
  atlas: albedoAtlas(model, preset.texture),
  layout: attributeLayout(model, { ...preset.modes, bands }, start),
});
