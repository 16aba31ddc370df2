import { multiply3, rotationOfAxisAngle, axisAngleOfRotation } from '../fit/pose/rotation.js';
import type { Matrix3 } from '../fit/pose/rotation.js';
import { Draws } from './draws.js';
import { seedOf } from './faceGrid.js';
import { extent, framed, rotationVector } from './faceScene.js';
import { crossed, minus, turned, unit } from './frames.js';
import type { Triple } from './frames.js';
import { headLandmarks } from './landmarkPixels.js';
import { dressed } from './looks.js';
import type { SceneLooks } from './looks.js';
import { checkCounts, drawFace, placeInGrid } from './plan.js';
import type { SynthesisPlan } from './plan.js';

/** What a light stage is. */
export interface LightStageOptions {
  /** Moments that are taken; each by all cameras. */
  readonly frames: number;
  /** Default 6. */
  readonly cameras?: number;
  /** Groups of lamps (default 10), and lamps of each (default 5). */
  readonly groups?: number;
  readonly groupSize?: number;
  readonly seed?: number;
  /** Pixels of a side (default 128). */
  readonly size?: number;
  readonly spread?: number;
  /** Irradiance on a surface that faces the stage when all lamps shine, about (default 4). */
  readonly strength?: number;
  readonly looks?: SceneLooks;
}

/**
 * A camera of a stage: camera point = rotation * (stage point - position); the head is about the stage's origin and
 * looks along +Z.
 */
export interface StageCamera {
  readonly position: Triple;
  /** [9] row-major. */
  readonly rotation: readonly number[];
}

/** A plan of a light stage, with what stands in it. */
export interface LightStagePlan extends SynthesisPlan {
  readonly cameras: readonly StageCamera[];
  /** Middles of each group's lamps, mm, in the stage's frame. */
  readonly groups: readonly (readonly Triple[])[];
}

const [cameraDistance, lampDistance, lampRadius] = [1100, 1500, 40] as const;

/** Points spread evenly over the part of the unit sphere that looks along +Z, in a spiral (Vogel 1979). */
const inFront = (count: number, reach: number): Triple[] =>
  Array.from({ length: count }, (_, k) => {
    const z = 1 - ((k + 0.5) / count) * (1 - Math.cos(reach));
    const [turn, radius] = [k * Math.PI * (3 - Math.sqrt(5)), Math.sqrt(1 - z * z)];
    return [radius * Math.cos(turn), radius * Math.sin(turn), z];
  });

/** Lamps in groups of neighbours, each of the same size. */
function lampGroups(groups: number, groupSize: number): Triple[][] {
  const middles = inFront(groups, 1.6);
  const lists: Triple[][] = middles.map(() => []);
  for (const lamp of inFront(groups * groupSize, 1.75)) {
    const free = middles.map((m, k) => ({ k, near: lamp[0] * m[0] + lamp[1] * m[1] + lamp[2] * m[2] }));
    const { k } = free.filter(({ k: g }) => lists[g].length < groupSize).sort((a, b) => b.near - a.near)[0];
    lists[k].push([lampDistance * lamp[0], lampDistance * lamp[1], lampDistance * lamp[2]]);
  }
  return lists;
}

function stageCamera(index: number, cameras: number): StageCamera {
  // in two rows, from -60 to 60 degrees
  const azimuth = cameras === 1 ? 0 : (Math.PI / 3) * ((2 * index) / (cameras - 1) - 1);
  const height = index % 2 === 0 ? 0.05 : 0.25;
  const z = unit([Math.cos(height) * Math.sin(azimuth), Math.sin(height), Math.cos(height) * Math.cos(azimuth)]);
  const x = unit(crossed([0, 1, 0], z));
  return {
    position: [cameraDistance * z[0], cameraDistance * z[1], cameraDistance * z[2]],
    rotation: [...x, ...crossed(z, x), ...z].map((v) => v + 0), // JSON has no -0
  };
}

/**
 * One person on a light stage: cameras on a sphere about the head, lamps near enough that distance matters, in groups
 * of which one shines at every second moment and all in between, as for Deep lighting adaptation (Chen et al. 2021).
 * The head moves and changes its expression. Images of one group are dark and of all bright: keep them as floats.
 * Labels say the frame, the camera, and the group, -1 for all; the camera runs fastest.
 */
export function lightStage(options: LightStageOptions): LightStagePlan {
  const { frames, cameras = 6, groups = 10, groupSize = 5, seed = 1, size = 128 } = options;
  const { spread = 0.8, strength = 4, looks = {} } = options;
  checkCounts('lightStage', { frames, cameras, groups, groupSize, size });
  checkCounts('lightStage', { seed }, 0);
  const views = Array.from({ length: cameras }, (_, k) => stageCamera(k, cameras));
  const lamps = lampGroups(groups, groupSize);
  const radiance = (2 * strength * lampDistance ** 2) / (groups * groupSize * Math.PI * lampRadius ** 2);
  return {
    kind: 'stage',
    count: frames * cameras,
    cameras: views,
    groups: lamps,
    settings: {
      ...{ kind: 'stage', frames, cameras, groups, groupSize, seed, size, spread, strength, looks },
      ...{ views, lamps, lampRadius },
    },
    item: async (model, index) => {
      const [frame, camera] = placeInGrid(index, [frames, cameras]);
      const person = await drawFace(model, seedOf(seed, 20, 0), spread, 0);
      const pose = await drawFace(model, seedOf(seed, 21, Math.floor(frame / 2)), 0, 0.8);
      const draws = new Draws(seed, 22, frame);
      const head = rotationOfAxisAngle(
        rotationVector(draws.between(-0.1, 0.1), draws.between(-0.35, 0.35), draws.between(-0.05, 0.05)),
      );
      // about the origin; `framed` thinks of a camera in front
      const [x, y] = framed(headLandmarks(model, person), [0, 0, 0], cameraDistance);
      const place = [x, y, -40].map((v) => v + draws.between(-5, 5));
      const view = Float64Array.from(views[camera].rotation) as Matrix3;
      const inCamera = (p: ArrayLike<number>): [number, number, number] =>
        turned(view, minus(p, views[camera].position));
      const group = frame % 2 === 0 ? -1 : ((frame - 1) / 2) % groups;
      const balls = (group < 0 ? lamps.flat() : lamps[group]).map((p) => ({
        position: inCamera(p),
        radius: lampRadius,
      }));
      const scene = {
        ...{ size, seed: seedOf(seed, 23, index), albedo: person.albedo, tint: person.tint },
        ...{ identity: person.identity, blendshapes: pose.blendshapes },
        rotation: axisAngleOfRotation(multiply3(view, head)),
        translation: inCamera(place),
        focal: (size * cameraDistance) / extent,
        ambient: [0, 0, 0] as const,
        lamps: [],
        near: [{ radiance: [radiance, radiance, radiance] as const, balls }],
      };
      const keys = { seed, person: 0, setting: 0, item: index };
      return { scene: dressed(model, scene, looks, keys), labels: { frame, camera, group } };
    },
  };
}
