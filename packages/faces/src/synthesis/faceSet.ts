import { drawFaceScene } from './faceScene.js';
import type { FaceSceneOptions } from './faceScene.js';
import { dressed } from './looks.js';
import type { SceneLooks } from './looks.js';
import { checkCounts, placeInGrid } from './plan.js';
import type { SynthesisPlan } from './plan.js';

/** What a set of single faces is. */
export interface FaceSetOptions extends FaceSceneOptions {
  readonly count: number;
  /** Face i is drawn by the seed `seed + i` (default 1). */
  readonly seed?: number;
  readonly looks?: SceneLooks;
}

/**
 * Faces that have nothing to do with each other, each by `drawFaceScene`: person, expression, pose, light.
 *
 * @example
 * const plan = faceSet({ count: 200_000, size: 128, looks: { backgrounds: ['gradient'], hair: 0.7, sensor: true } });
 */
export function faceSet({ count, seed = 1, looks = {}, ...drawing }: FaceSetOptions): SynthesisPlan {
  checkCounts('faceSet', { count, seed }, 0);
  return {
    kind: 'faces',
    count,
    settings: { kind: 'faces', count, seed, looks, ...drawing },
    item: async (model, index) => {
      placeInGrid(index, [count]);
      const scene = await drawFaceScene(model, seed + index, drawing);
      const keys = { seed, person: index, setting: index, item: index };
      return { scene: dressed(model, scene, looks, keys), labels: { identity: index } };
    },
  };
}
