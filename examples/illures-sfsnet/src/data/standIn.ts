import { Draws, faceClips, type LightMaps, type SynthesisPlan, type TextureStyle } from '@chiaro/faces';
import { roomMaps } from './roomMaps.js';

/** The clips of a stand-in for real video. */
export interface StandInOptions {
  readonly clips: number;
  /** Fewest and most frames of a clip. */
  readonly frames: readonly [number, number];
  readonly size: number;
  /** Identities, lights and everything else of two seeds are different ones. */
  readonly seed: number;
}

/** Beards, make-up, freckles: patches of paint, and skins of other colours and contrasts than the model's own. */
function paintedSkin(draws: Draws): TextureStyle {
  const saturation = draws.between(0.6, 1.4);
  const gain = [draws.between(0.8, 1.2), draws.between(0.8, 1.2), draws.between(0.8, 1.2)];
  const luminance = [0.2126, 0.7152, 0.0722];
  const matrix = Array.from({ length: 9 }, (_, k) => {
    const own = Math.floor(k / 3) === k % 3 ? saturation : 0;
    return gain[Math.floor(k / 3)] * (own + (1 - saturation) * luminance[k % 3]);
  });
  const paint = draws.pick([
    [0.04, 0.025, 0.018],
    [0.3, 0.05, 0.06],
    [0.6, 0.5, 0.42],
    [0.15, 0.08, 0.05],
  ] as const);
  return {
    matrix,
    gamma: Math.exp(draws.between(-0.3, 0.3)),
    paint: { seed: draws.bits(), patch: draws.between(14, 45), strength: draws.between(0.15, 0.6), diffuse: paint },
  };
}

/**
 * A stand-in for real video that is rendered, so that its truth is known, with a gap of its own to what networks are trained
 * on: painted skins of other colours, hair, glasses and hands, rooms and lamps nearby instead of soft lamps far away, a
 * camera with noise and a tone curve that nobody knows. In each clip the head turns in the light of a room, or a lamp
 * moves, so shading changes. The truth is for evaluation only.
 */
export function standInClips({ clips, frames, size, seed }: StandInOptions): {
  readonly plan: SynthesisPlan;
  readonly maps: LightMaps;
} {
  const maps = roomMaps(Math.max(2, Math.ceil(clips / 2)), seed);
  const plan = faceClips({
    ...{ clips, frames, size, seed, spread: 1 },
    ...{ lights: ['map', 'moving', 'environment'], maps: Object.keys(maps), turn: 0.6 },
    looks: { backgrounds: ['environment', 'gradient'], hair: 0.7, glasses: 0.25, hands: 0.1, sensor: true },
  });
  return {
    maps,
    plan: {
      ...plan,
      settings: { standIn: 1, plan: plan.settings },
      item: async (model, index) => {
        const { scene, labels } = await plan.item(model, index);
        return { scene: { ...scene, style: paintedSkin(new Draws(seed, 0x7061, labels['clip'])) }, labels };
      },
    },
  };
}
