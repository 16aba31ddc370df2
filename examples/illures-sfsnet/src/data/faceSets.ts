import { join } from 'node:path';
import {
  caricatureGrid,
  drawFaceScene,
  Draws,
  faceGrid,
  faceSet,
  type MorphableModel,
  type SynthesisPlan,
} from '@chiaro/faces';
import type { Preset } from '../config.js';
import { deformed, withDeformations } from './deformations.js';
import { facesIn, type FaceSetPlan } from './faceFolder.js';
import type { KeptFace } from './faceMaps.js';
import { standInClips } from './standIn.js';

/** Table 1 of the paper, and what AlignNets are trained on. */
export const faceSetNames = [
  /** SfSNet-syn-like: local light only. */
  'local',
  /** Expre-syn-like and Caric-syn-like. */
  'expressions',
  'caricatures',
  /** For AlignNet_a: albedos in styles; for AlignNet_n: shapes in deformations. */
  'styles',
  'deformations',
  /** The stand-in for real video, to train on without its truth, and to be judged by. */
  'video',
  'test',
  /** The faces of `test` in the light of others of them: the truth of relighting. */
  'relit',
] as const;
export type FaceSetName = (typeof faceSetNames)[number];

/** Backgrounds of all renders for training; what only the stand-in has is its domain gap. */
const looks = { backgrounds: ['gradient', 'constant'] } as const;

/** Seeds of the sets: identities and lights of two sets never meet. */
const seeds: Readonly<Record<FaceSetName, number>> = {
  ...{ local: 1_000_000_000, expressions: 2, caricatures: 3, styles: 4, deformations: 5, video: 6, test: 7, relit: 7 },
};

/** SfSNet-syn: identities without expression, each in a number of poses and lights of its own. */
function posesAndLights(identities: number, images: number, size: number, seed: number): SynthesisPlan {
  const plan = faceSet({ count: identities * images, seed, size, expression: 0, turn: 0.7, looks });
  return {
    ...plan,
    settings: { identities, plan: plan.settings },
    item: async (model, index) => {
      const identity = Math.floor(index / images);
      const { scene } = await plan.item(model, index);
      const person = await drawFaceScene(model, new Draws(seed, identity).bits(), { size, expression: 0 });
      const { identity: shape, albedo, tint } = person;
      return { scene: { ...scene, identity: shape, albedo, tint }, labels: { identity, image: index % images } };
    },
  };
}

/**
 * The faces of a plan, each identity in lights of its own: a small lamp at the side or high above and little besides, whose
 * shadows, highlights and light from skin to skin are what R holds. The lamps are metres away: close to directions, as the
 * nine harmonics have it, and as small as to cast shadows with edges.
 */
function inHardLights(plan: SynthesisPlan, seed: number): SynthesisPlan {
  return {
    ...plan,
    settings: { hardLights: 2, plan: plan.settings },
    item: async (model, index) => {
      const { scene, labels } = await plan.item(model, index);
      const draws = new Draws(seed, 0x6c69, labels['identity'], labels['light']);
      const ambience = draws.between(0.02, 0.1);
      const [side, azimuth, height] = [Math.sign(draws.between(-1, 1)), draws.between(0.2, 1.3), draws.between(0, 1.2)];
      const way = [Math.cos(height) * Math.sin(side * azimuth), Math.sin(height), Math.cos(height) * Math.cos(azimuth)];
      const [distance, radius] = [draws.between(2000, 3000), draws.between(30, 150)];
      const [strength, warmth] = [draws.between(1.5, 3.5), draws.between(-0.2, 0.3)];
      // so much that a surface which faces the lamp gets the irradiance `strength`
      const radiance = (strength * distance ** 2) / (Math.PI * radius ** 2);
      const lamp = {
        radiance: [radiance * (1 + warmth), radiance, radiance * (1 - warmth)] as const,
        balls: [
          {
            position: [0, 1, 2].map((k) => scene.translation[k] + distance * way[k]) as [number, number, number],
            radius,
          },
        ],
      };
      return { scene: { ...scene, ambient: [ambience, ambience, ambience], lamps: [], near: [lamp] }, labels };
    },
  };
}

/**
 * The faces of a plan in each other's light: item k in that of item k + step, counted round. A lamp nearby keeps its place
 * relative to the head. Labels say whose light it is.
 */
function inOthersLight(plan: SynthesisPlan, step: number): SynthesisPlan {
  return {
    ...plan,
    settings: { step, plan: plan.settings },
    item: async (model, index) => {
      const lightOf = (index + step) % plan.count;
      const [{ scene, labels }, { scene: other }] = await Promise.all([
        plan.item(model, index),
        plan.item(model, lightOf),
      ]);
      const { near: _, environment: __, ...dark } = scene;
      const { ambient, lamps, near, environment } = other;
      const moved = near?.map(({ radiance, balls }) => ({
        radiance,
        balls: balls.map(({ position, radius }) => ({
          radius,
          position: [0, 1, 2].map((c) => position[c] + scene.translation[c] - other.translation[c]) as [
            number,
            number,
            number,
          ],
        })),
      }));
      const lit = { ...dark, ambient, lamps, ...(moved && { near: moved }), ...(environment && { environment }) };
      return { scene: lit, labels: { ...labels, lightOf } };
    },
  };
}

/** What is rendered for a preset. */
export function faceSetPlan(name: FaceSetName, { size, data }: Preset, model: MorphableModel): FaceSetPlan {
  const seed = seeds[name];
  const { train, test } = data.samples;
  const { identities, styles, views, expressions, deformations } = data.alignment;
  switch (name) {
    case 'local': {
      const plan = posesAndLights(data.local.identities, data.local.images, size, seed);
      return { model, plan, picture: 'local', spp: 0 };
    }
    case 'expressions':
      return {
        ...{ model, plan: inHardLights(faceGrid({ ...data.expressions, size, seed, looks }), seed) },
        ...{ picture: 'traced', spp: train },
      };
    case 'caricatures':
      return {
        ...{ model, plan: inHardLights(caricatureGrid({ ...data.caricatures, size, seed, looks }), seed) },
        ...{ picture: 'traced', spp: train },
      };
    case 'styles': {
      const plan = faceGrid({ identities, styles, views, expressions, lights: 1, size, seed });
      return { model, plan, picture: 'local', spp: 0 };
    }
    case 'deformations': {
      const grid = faceGrid({ identities, views, expressions, lights: 1, size, seed });
      const plan = deformed(grid, deformations, seed);
      return { model: withDeformations(model.data, deformations), plan, picture: 'local', spp: 0 };
    }
    case 'video':
      return { model, ...standInClips({ ...data.video, size, seed }), picture: 'photograph', spp: train };
    case 'test':
    case 'relit': {
      const { clips, frames } = data.test;
      const { plan, maps } = standInClips({ clips, frames: [frames, frames], size, seed });
      if (name === 'test') return { model, plan, maps, picture: 'photograph', spp: test };
      // the next clip's light; of one clip, the next frame's
      return { model, plan: inOthersLight(plan, clips > 1 ? frames : 1), maps, picture: 'traced', spp: test };
    }
  }
}

/** A set of a preset, from its folder among those of all sets; what is missing is rendered. */
export const faceSetOf = (
  folder: string,
  name: FaceSetName,
  preset: Preset,
  model: MorphableModel,
  following: {
    readonly onProgress?: (what: string, done: number, count: number) => void;
    readonly signal?: AbortSignal;
  } = {},
): Promise<readonly KeptFace[]> => {
  const { onProgress, signal } = following;
  return facesIn(join(folder, name), faceSetPlan(name, preset, model), {
    ...(signal && { signal }),
    ...(onProgress && {
      onProgress: (done: number, count: number) => {
        onProgress(name, done, count);
      },
    }),
  });
};
