import type { MorphableModel } from '../model/index.js';
import type { Background } from './background.js';
import { Draws } from './draws.js';
import type { FaceScene } from './faceScene.js';
import type { Triple } from './frames.js';
import { drawHair } from './hair.js';
import { drawGlasses, drawHand } from './occluders.js';
import { drawSensor } from './sensor.js';

/** What scenes get besides the face and its light; nothing by default. */
export interface SceneLooks {
  /** Kinds of backgrounds, drawn with equal chance. */
  readonly backgrounds?: readonly Background['kind'][];
  /** Names of the user's pictures for backgrounds. */
  readonly pictures?: readonly string[];
  /** Chances of glasses, of a hand, of hair, from 0 to 1. */
  readonly glasses?: number;
  readonly hands?: number;
  readonly hair?: number;
  /** Cameras that differ: response, exposure, noise. */
  readonly sensor?: boolean;
  /** Lenses that differ: distortion and vignetting. */
  readonly lens?: boolean;
}

/** Whose looks these are: hair and glasses are a person's, background and camera a setting's, noise an item's. */
export interface LookKeys {
  readonly seed: number;
  readonly person: number;
  readonly setting: number;
  readonly item: number;
}

function drawBackground(draws: Draws, kinds: readonly Background['kind'][], pictures: readonly string[]): Background {
  const colour = (): Triple => {
    const grey = draws.between(0.02, 0.7);
    return [grey * draws.between(0.6, 1.4), grey * draws.between(0.7, 1.3), grey * draws.between(0.6, 1.4)];
  };
  const usable = kinds.filter((kind) => kind !== 'image' || pictures.length > 0);
  switch (draws.pick(usable.length > 0 ? usable : (['constant'] as const))) {
    case 'constant':
      return { kind: 'constant', radiance: colour() };
    case 'gradient':
      return { kind: 'gradient', from: colour(), to: colour(), angle: draws.between(0, 2 * Math.PI) };
    case 'environment':
      return { kind: 'environment' };
    case 'image': {
      const at = [draws.between(), draws.between()] as const;
      return { kind: 'image', image: draws.pick(pictures), at, gain: draws.between(0.6, 1.4) };
    }
  }
}

/** A scene with the looks that are drawn for it. */
export function dressed(model: MorphableModel, scene: FaceScene, looks: SceneLooks, keys: LookKeys): FaceScene {
  const { backgrounds = [], pictures = [], glasses = 0, hands = 0, hair = 0, sensor = false, lens = false } = looks;
  const { seed, person, setting, item } = keys;
  const of = (what: number, whose: number): Draws => new Draws(seed, 0x6c6f, what, whose);
  const [hairDraws, glassesDraws, handDraws] = [of(1, person), of(2, person), of(3, setting)];
  const hasHair = hairDraws.between() < hair;
  const hasHand = handDraws.between() < hands;
  const hasGlasses = !hasHand && glassesDraws.between() < glasses;
  const lensDraws = of(5, setting);
  const noiseSeed = of(7, item).bits();
  const camera = drawSensor(of(6, setting));
  return {
    ...scene,
    ...(hasHair && { hair: drawHair(hairDraws) }),
    ...(hasHand && { occluders: drawHand(model, scene, handDraws) }),
    ...(hasGlasses && { occluders: drawGlasses(model, scene, glassesDraws) }),
    ...(backgrounds.length > 0 && { background: drawBackground(of(4, setting), backgrounds, pictures) }),
    ...(lens && {
      lens: {
        distortion: [
          lensDraws.between(-2.5, 1.5),
          0,
          lensDraws.between(-0.01, 0.01),
          lensDraws.between(-0.01, 0.01),
          0,
        ],
        vignetting: lensDraws.between(0, 0.25),
      },
    }),
    ...(sensor && { sensor: { ...camera, ...(camera.noise && { noise: { ...camera.noise, seed: noiseSeed } }) } }),
  };
}
