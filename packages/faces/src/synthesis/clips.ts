import { Draws } from './draws.js';
import { extent, framed, rotationVector } from './faceScene.js';
import type { FaceScene, NearLights, SceneLamp } from './faceScene.js';
import { seedOf } from './faceGrid.js';
import { unit } from './frames.js';
import type { Triple } from './frames.js';
import { headLandmarks } from './landmarkPixels.js';
import { dressed } from './looks.js';
import type { SceneLooks } from './looks.js';
import { checkCounts, drawFace, placeInGrid } from './plan.js';
import type { SynthesisPlan } from './plan.js';

/** What lights a clip: a lamp near the face that stays or moves, light from all around, or the user's maps. */
export type ClipLight = 'near' | 'moving' | 'environment' | 'map';

/** What a set of clips is. */
export interface ClipsOptions {
  readonly clips: number;
  readonly seed?: number;
  /** Pixels of a side (default 128). */
  readonly size?: number;
  /** Fewest and most frames of a clip (default 25 to 35). */
  readonly frames?: readonly [number, number];
  /** Clip c has light c modulo their number (default near, moving, environment). */
  readonly lights?: readonly ClipLight[];
  /** Names of the maps for light `map`. */
  readonly maps?: readonly string[];
  /** Turns of the head to either side, radians (default 0.5); up and down half of it. */
  readonly turn?: number;
  readonly spread?: number;
  readonly looks?: SceneLooks;
}

/**
 * Clips of heads that turn, nod and change their expression smoothly; every frame has its own exact ground truth.
 * Labels say the clip, the frame, how many frames the clip has, and the number of its light.
 */
export function faceClips(options: ClipsOptions): SynthesisPlan {
  const { clips, seed = 1, size = 128, frames = [25, 35], turn = 0.5, spread = 0.8, looks = {} } = options;
  const { lights = ['near', 'moving', 'environment'] as const, maps = [] } = options;
  checkCounts('faceClips', { clips, size, fewest: frames[0], most: frames[1] - frames[0] + 1, lights: lights.length });
  checkCounts('faceClips', { seed }, 0);
  checkCounts('faceClips', { maps: lights.includes('map') ? maps.length : 1 });
  const lengths = Array.from({ length: clips }, (_, c) => new Draws(seed, 10, c).whole(...frames));
  const starts = lengths.reduce<number[]>((sums, n) => [...sums, sums[sums.length - 1] + n], [0]);
  const count = starts[clips];
  return {
    kind: 'clips',
    count,
    settings: { kind: 'clips', clips, seed, size, frames, lights, maps, turn, spread, looks },
    item: async (model, index) => {
      placeInGrid(index, [count]);
      const clip = starts.findIndex((start, c) => index >= start && index < start + lengths[c]);
      const frame = index - starts[clip];
      const time = lengths[clip] === 1 ? 0 : frame / (lengths[clip] - 1);
      const person = await drawFace(model, seedOf(seed, 11, clip), spread, 0);
      const poses = await Promise.all([0, 1, 2, 3].map((k) => drawFace(model, seedOf(seed, 12, 4 * clip + k), 0, 0.8)));
      const draws = new Draws(seed, 13, clip);
      const [pitch, yaw, roll] = [turn / 2, turn, turn / 6].map((most) => most * sway(draws, time));
      const rotation = rotationVector(pitch, yaw, roll);
      const distance = draws.between(800, 1300);
      const rest = framed(headLandmarks(model, person), [0, 0, 0], distance);
      const drift = [8, 6, 25].map((most) => most * sway(draws, time));
      const light = clip % lights.length;
      const scene: FaceScene = {
        ...{ size, seed: seedOf(seed, 14, index), rotation, albedo: person.albedo, tint: person.tint },
        identity: person.identity,
        blendshapes: between(
          poses.map((p) => p.blendshapes),
          time,
        ),
        translation: [rest[0] + drift[0], rest[1] + drift[1], rest[2] + drift[2]],
        focal: (size * distance) / extent,
        ...clipLight(lights[light], new Draws(seed, 15, clip), time, rest, maps),
      };
      const keys = { seed, person: clip, setting: clip, item: index };
      const labels = { clip, frame, frames: lengths[clip], light };
      return { scene: dressed(model, scene, looks, keys), labels };
    },
  };
}

/** A smooth motion in [-1, 1] over a time in [0, 1]: three sines of random phases. */
function sway(draws: Draws, time: number): number {
  return [0.5, 1, 1.5].reduce((sum, rate) => {
    const [size, phase] = [draws.between(0.5, 1), draws.between(0, 2 * Math.PI)];
    return sum + (size / (3 * Math.max(1, rate))) * 1.6 * Math.sin(2 * Math.PI * rate * time + phase);
  }, 0);
}

/** From one list of weights to the next over a time in [0, 1], at rest at each. */
function between(keys: readonly (readonly number[])[], time: number): number[] {
  const at = time * (keys.length - 1);
  const first = Math.min(keys.length - 2, Math.floor(at));
  const t = at - first;
  const share = t * t * (3 - 2 * t);
  return keys[first].map((w, k) => w + share * (keys[first + 1][k] - w));
}

function clipLight(
  kind: ClipLight,
  draws: Draws,
  time: number,
  head: Triple,
  maps: readonly string[],
): Pick<FaceScene, 'ambient' | 'lamps' | 'near' | 'environment'> {
  if (kind === 'environment') return surroundings(draws);
  if (kind === 'map') {
    const rotation: Triple = [0, draws.between(-Math.PI, Math.PI), 0];
    return { ambient: [0, 0, 0], lamps: [], environment: { map: draws.pick(maps), rotation, gain: 1 } };
  }
  const ambience = draws.between(0.04, 0.15);
  const distance = draws.between(350, 650);
  const radius = draws.between(15, 40);
  const [from, to, low, high] = [-1.2, 1.2, 0, 0.8].map((x) => x + draws.between(-0.3, 0.3));
  const start = draws.between();
  const share = kind === 'near' ? start : 0.5 - 0.5 * Math.cos(Math.PI * (start + time));
  const [azimuth, height] = [from + (to - from) * share, low + (high - low) * draws.between()];
  const strength = draws.between(1.2, 2.8);
  const warmth = draws.between(-0.25, 0.35);
  const way = [Math.cos(height) * Math.sin(azimuth), Math.sin(height), Math.cos(height) * Math.cos(azimuth)];
  // so much that a surface which faces the ball gets the irradiance `strength`
  const radiance = (strength * distance ** 2) / (Math.PI * radius ** 2);
  const near: NearLights = {
    radiance: [radiance * (1 + warmth), radiance, radiance * (1 - warmth)],
    balls: [{ position: [0, 1, 2].map((k) => head[k] + distance * way[k]) as [number, number, number], radius }],
  };
  return { ambient: [ambience, ambience, ambience], lamps: [], near: [near] };
}

/** Light from all around: a sky over a ground, windows and lamps in many colours. */
function surroundings(draws: Draws): Pick<FaceScene, 'ambient' | 'lamps'> {
  const tint = (): Triple => [draws.between(0.7, 1.3), draws.between(0.8, 1.2), draws.between(0.7, 1.3)];
  const lamp = (direction: ArrayLike<number>, strength: number, sharpness: number): SceneLamp => {
    const colour = tint();
    const irradiance = [strength * colour[0], strength * colour[1], strength * colour[2]] as const;
    return { direction: unit(direction), irradiance, sharpness };
  };
  const anywhere = (): Triple => [draws.normal(), 0.6 * draws.normal() + 0.3, draws.normal()];
  const ambience = draws.between(0.03, 0.12);
  return {
    ambient: [ambience, ambience, ambience],
    lamps: [
      lamp([0, 1, 0], draws.between(0.2, 0.9), 1.5),
      lamp([0, -1, 0], draws.between(0.05, 0.3), 1.5),
      ...Array.from({ length: 7 }, () => lamp(anywhere(), draws.between(0.05, 0.5), Math.exp(draws.between(1.5, 4)))),
      lamp([draws.between(-1, 1), draws.between(0, 1), draws.between(0.2, 1)], draws.between(0.6, 1.8), 60),
    ],
  };
}
