import {
  backgroundImage,
  faceClips,
  photograph,
  synthesize,
  type ClipLight,
  type FaceScene,
  type MorphableModel,
  type SyntheticFace,
} from '@chiaro/faces';
import { openDataset, writeDataset } from '@chiaro/faces/node';
import { tensor } from '@chiaro/autograd';
import { quat } from 'gl-matrix';
import { after, axisAngleOf, rowsOf, turned, turnOf, type Triple } from '../poses.js';
import type { Following, Subject } from '../stage/stage.js';
import type { Clip, ClipFrame } from './clip.js';
import { evenly } from './evenly.js';

/** Lights of the clips "in the wild", none of which the stage has; the last moves, which the method does not model. */
export const clipNames = ['environment', 'lamp', 'pair', 'moving'] as const;
export type ClipName = (typeof clipNames)[number];

/** How large the clips are. */
export interface ClipSize {
  readonly frames: number;
  /** Pixels of a side. */
  readonly size: number;
  readonly spp: number;
  readonly depth: number;
  /** Frames, evenly spread, that the unseen camera takes too: those that rows are judged by. */
  readonly judged: number;
}

const kinds: Readonly<Record<ClipName, ClipLight>> = {
  ...{ environment: 'environment', lamp: 'near', pair: 'near', moving: 'moving' },
};

/** Most turn of the head to either side, radians. */
const turn = Math.PI / 6;
/** Light is multiplied by it before it becomes bytes. */
const exposure = 2;
/** Millimetres that a picture shows at the head's distance. */
const extent = 300;
/** Where the camera that no tracker sees stands: turned about the head, radians. */
const [unseenAzimuth, unseenHeight] = [0.55, 0.2];

/** A red lamp and a blue one to both sides, as far away as the given one. */
function colouredPair(scene: FaceScene): FaceScene {
  const [{ radiance, balls }] = scene.near!;
  const [{ position, radius }] = balls;
  const strength = 0.8 * radiance[1];
  const aside = Math.max(Math.abs(position[0]), 250);
  const lamp = (side: number, colour: Triple) => ({
    radiance: colour.map((c) => strength * c) as [number, number, number],
    balls: [{ position: [side * aside, position[1], position[2]] as const, radius }],
  });
  return { ...scene, near: [lamp(-1, [1.6, 0.7, 0.35]), lamp(1, [0.3, 0.7, 1.6])] };
}

/** Frame `index` of a clip with the subject in it. */
async function clipScene(
  model: MorphableModel,
  name: ClipName,
  { frames, size }: ClipSize,
  subject: Subject,
  seed: number,
  index: number,
): Promise<FaceScene> {
  const plan = faceClips({
    ...{ clips: 1, seed: 100 * seed + clipNames.indexOf(name), size, frames: [frames, frames], turn },
    ...{ lights: [kinds[name]], looks: { backgrounds: ['gradient'] } },
  });
  const { scene } = await plan.item(model, index);
  const noise = { electrons: 5000, read: 3, seed: 1000 * seed + index };
  const sensor = { response: { kind: 'srgb' }, exposure, noise } as const;
  const mine = { ...scene, ...subject, sensor };
  return name === 'pair' ? colouredPair(mine) : mine;
}

/** The camera beside, which stays where it is through a clip. */
function unseenCamera({ focal, size }: FaceScene): { readonly turn: quat; readonly position: Triple } {
  const middle: Triple = [0, 0, (-focal * extent) / size];
  const pitch = quat.setAxisAngle(quat.create(), [1, 0, 0], unseenHeight);
  const toCamera = after(pitch, quat.setAxisAngle(quat.create(), [0, 1, 0], -unseenAzimuth));
  const back = turned(quat.conjugate(quat.create(), toCamera), [0, 0, -middle[2]]);
  return { turn: toCamera, position: [middle[0] + back[0], middle[1] + back[1], middle[2] + back[2]] };
}

/** The same scene in the frame of another camera. */
function seenFrom(scene: FaceScene, camera: { readonly turn: quat; readonly position: Triple }): FaceScene {
  const at = (p: Triple): Triple => turned(camera.turn, p, camera.position);
  return {
    ...scene,
    rotation: axisAngleOf(after(camera.turn, turnOf(scene.rotation))),
    translation: at(scene.translation),
    lamps: scene.lamps.map((lamp) => ({ ...lamp, direction: turned(camera.turn, lamp.direction) })),
    ...(scene.near && {
      near: scene.near.map((lights) => ({
        ...lights,
        balls: lights.balls.map(({ position, radius }) => ({ position: at(position), radius })),
      })),
    }),
  };
}

/** What is photographed of a rendered face, and where its face proper is. */
function photographed(scene: FaceScene, { traced, coverage, faceMask }: SyntheticFace) {
  const { bytes } = photograph(scene, traced, coverage, backgroundImage(scene));
  return { bytes, mask: Uint8Array.from(faceMask, (share) => Number(share > 0.5)) };
}

/**
 * A clip of the stage's subject in light that the stage never had, from its folder; what is missing there is rendered. Its
 * frames are 8-bit photographs with noise before a background, and have their truth.
 * @param seed other motions, expressions and lights of the same kind.
 * @throws FormatError for a folder that holds another clip; the signal's reason.
 */
export async function openWildClip(
  folder: string,
  model: MorphableModel,
  name: ClipName,
  sizes: ClipSize,
  subject: Subject,
  seed: number,
  { onProgress, signal }: Following = {},
): Promise<Clip> {
  const { frames, size, spp, depth, judged } = sizes;
  const sceneOf = (index: number): Promise<FaceScene> => clipScene(model, name, sizes, subject, seed, index);
  // the frames, and then those of the unseen camera
  const places = evenly(frames, judged);
  await writeDataset(folder, {
    ...{ kind: 'lighting-adaptation-clip', count: frames + places.length, shardSize: 8 },
    settings: { name, ...sizes, seed, subject, model: model.data.name },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    make: async (index) => {
      const straight = await sceneOf(index < frames ? index : places[index - frames]);
      const scene = index < frames ? straight : seenFrom(straight, unseenCamera(straight));
      const face = await synthesize(model, scene, { spp, depth });
      const { bytes, mask } = photographed(scene, face);
      return {
        bytes: { type: 'U8', shape: [size, size, 3], data: bytes },
        mask: { type: 'U8', shape: [size, size], data: mask },
        landmarks: { type: 'F32', shape: [68, 2], data: face.landmarks },
      };
    },
  });
  const dataset = await openDataset(folder);
  const list: ClipFrame[] = [];
  const vector = (values: readonly number[]) => tensor(Float32Array.from(values));
  for (let k = 0; k < frames; k++) {
    const arrays = await dataset.sample(k);
    const scene = await sceneOf(k);
    const { rotation, translation, identity, blendshapes } = scene;
    const shape = model.geometry({ identity: vector(identity), blendshapes: vector(blendshapes) });
    const pictures = (of: typeof arrays) => ({
      bytes: Uint8Array.from(of['bytes'].data as Uint8Array),
      mask: Uint8Array.from(of['mask'].data as Uint8Array),
    });
    const { bytes, mask } = pictures(arrays);
    const camera = unseenCamera(scene);
    const place = places.indexOf(k);
    const beside = place < 0 ? undefined : pictures(await dataset.sample(frames + place));
    list.push({
      bytes,
      truth: {
        ...{ rotation, translation, positions: Float32Array.from(await shape.data()), mask },
        landmarks: Float32Array.from(arrays['landmarks'].data as Float32Array),
        ...(beside && { unseen: { rotation: rowsOf(camera.turn), position: camera.position, ...beside } }),
      },
    });
  }
  const { focal } = await sceneOf(0);
  return { name, size, focal, frames: list };
}
