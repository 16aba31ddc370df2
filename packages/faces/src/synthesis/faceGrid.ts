import { ShapeError } from '../engine.js';
import { Draws } from './draws.js';
import { drawFarLight, extent, framed, rotationVector } from './faceScene.js';
import { headLandmarks } from './landmarkPixels.js';
import { dressed } from './looks.js';
import type { SceneLooks } from './looks.js';
import { checkCounts, drawFace, placeInGrid } from './plan.js';
import type { SynthesisPlan } from './plan.js';
import { drawTextureStyle } from './textureStyle.js';

/**
 * What a grid of faces is; items are numbered with the light running fastest, then the view, the expression, the
 * identity.
 */
export interface FaceGridOptions {
  readonly identities: number;
  /** Default 6; the first is neutral. */
  readonly expressions?: number;
  /** Default 4. */
  readonly views?: number;
  /** Default 5. */
  readonly lights?: number;
  readonly seed?: number;
  /** Pixels of a side (default 128). */
  readonly size?: number;
  /** The views reach from this to one side to this to the other, radians (default 0.6). */
  readonly turn?: number;
  /** Deviations of identities, as `MorphableModel.sample` takes them (default 0.8). */
  readonly spread?: number;
  /**
   * The weights of each identity's shape are multiplied by a factor from here (default [1, 1]: not at all). Its
   * colours stay: beyond their range they are no skins.
   */
  readonly exaggeration?: readonly [number, number];
  /**
   * Texture styles (default 0: skins as they are). Identity k is painted in style k modulo their number, in all of
   * its images; AlignNet was trained on 540 albedos in 50 styles.
   */
  readonly styles?: number;
  readonly looks?: SceneLooks;
}

/**
 * Every identity with every expression in every view under every light; expressions, views and lights are the same
 * for all. With the defaults and 114 identities these are 114 x 6 x 4 x 5 = 13,680 images, as Expre-syn of
 * IlluRes-SfSNet.
 */
export const faceGrid = (options: FaceGridOptions): SynthesisPlan => gridOf('grid', options);

/**
 * A grid of caricatures: the shape of each identity is exaggerated (Blanz and Vetter 1999, section 4.1), by 1.6 to
 * 2.6 by default. With 100 identities 12,000 images, as Caric-syn of IlluRes-SfSNet.
 */
export const caricatureGrid = (options: FaceGridOptions): SynthesisPlan =>
  gridOf('caricatures', { exaggeration: [1.6, 2.6], ...options });

function gridOf(kind: 'grid' | 'caricatures', options: FaceGridOptions): SynthesisPlan {
  const { identities, expressions = 6, views = 4, lights = 5, seed = 1, size = 128 } = options;
  const { turn = 0.6, spread = 0.8, exaggeration = [1, 1], styles = 0, looks = {} } = options;
  checkCounts(kind, { identities, expressions, views, lights, size });
  checkCounts(kind, { seed, styles }, 0);
  if (!exaggeration.every(Number.isFinite)) throw new ShapeError(`${kind}: exaggeration must be two finite factors`);
  const axes = [identities, expressions, views, lights];
  const count = axes.reduce((a, b) => a * b, 1);
  const distance = 1100;
  return {
    kind,
    count,
    settings: { kind, identities, expressions, views, lights, seed, size, turn, spread, exaggeration, styles, looks },
    item: async (model, index) => {
      const [identity, expression, view, light] = placeInGrid(index, axes);
      const person = await drawFace(model, seedOf(seed, 1, identity), spread, 0);
      const pose = await drawFace(model, seedOf(seed, 2, expression), 0, 1);
      const factor = new Draws(seed, 3, identity).between(...exaggeration);
      const shape = {
        identity: person.identity.map((w) => factor * w),
        blendshapes: expression === 0 ? person.blendshapes : pose.blendshapes,
      };
      const viewDraws = new Draws(seed, 4, view);
      const yaw = views === 1 ? 0 : turn * ((2 * view) / (views - 1) - 1);
      const rotation = rotationVector(viewDraws.between(-0.15, 0.15), yaw, viewDraws.between(-0.06, 0.06));
      const lightDraws = new Draws(seed, 5, light);
      const scene = {
        ...{ size, seed: seedOf(seed, 6, index), rotation, ...shape },
        ...{ albedo: person.albedo, tint: person.tint },
        translation: framed(headLandmarks(model, shape), rotation, distance),
        focal: (size * distance) / extent,
        ...drawFarLight((low, high) => lightDraws.between(low, high)),
        ...(styles > 0 && { style: drawTextureStyle(new Draws(seed, 7, identity % styles)) }),
      };
      const keys = { seed, person: identity, setting: index, item: index };
      return { scene: dressed(model, scene, looks, keys), labels: { identity, expression, view, light, factor } };
    },
  };
}

/** A seed of 32 bits by a set's seed, what it is for, and a number. */
export const seedOf = (seed: number, what: number, number: number): number => new Draws(seed, what, number).bits();
