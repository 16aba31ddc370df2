import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tensor } from '@chiaro/autograd';
import { lightStage, synthesize, type FaceScene, type LightStagePlan, type MorphableModel } from '@chiaro/faces';
import { openDataset, writeDataset } from '@chiaro/faces/node';
import { imageGrid, saveImage } from '@chiaro/render';
import { after, axisAngleOf, inverse, turnOf, turnOfRows, type Triple } from '../poses.js';

/** How large the virtual light stage is. */
export interface StageSize {
  /** Moments; at every second one all lamps shine, at those between one group. */
  readonly frames: number;
  readonly cameras: number;
  readonly groups: number;
  /** Lamps of each group. */
  readonly groupSize: number;
  /** Pixels of a side of all images. */
  readonly size: number;
  /** Samples per pixel of the path tracer where one group shines, and where all do, whose lamps share the samples. */
  readonly spp: number;
  readonly litSpp: number;
  /** Segments of its paths: 2 is direct light with shadows. */
  readonly depth: number;
  /** Only the moments at which all lamps shine are taken: what an avatar is trained on, without its light. */
  readonly litOnly?: boolean;
}

/** What tells one person from another. */
export type Subject = Pick<FaceScene, 'identity' | 'albedo' | 'tint'>;

/** What a camera of the stage saw at one moment. */
export interface StageView {
  readonly frame: number;
  readonly camera: number;
  /** The group that shone, -1 for all lamps. */
  readonly group: number;
  /** [S * S * 3] linear RGB, not clipped; fully lit skin is about 1/2. */
  readonly image: ArrayLike<number>;
  /** [S * S] 1 where the middle of the pixel shows the head. */
  readonly mask: ArrayLike<number>;
  /** Camera point = rotation * head point + translation; axis times angle, and mm. */
  readonly rotation: Triple;
  readonly translation: Triple;
  /** The head's rotation in the stage, where the lamps stand still. */
  readonly stageRotation: Triple;
}

/** One person's recordings on the stage. */
export interface Stage {
  readonly size: number;
  /** Pixels. */
  readonly focal: number;
  readonly groups: number;
  readonly cameras: number;
  readonly frames: number;
  /** [frames * cameras], or half as many where only fully lit moments were taken; the camera runs fastest. */
  readonly views: readonly StageView[];
  /** [V * 3] of each frame: M_t of eq. 5, mm in the head's frame. */
  readonly positions: readonly Float32Array[];
  readonly subject: Subject;
}

/** What fully lit skin is about, linear, and the irradiance of all lamps together that makes it so. */
export const litSkin = 0.5;
const strength = 10;

/** Numbers of the light code of a group, 3 for each: colour fastest; all ones where all shine (-1). */
export const groupCode = (group: number, groups: number): Float32Array =>
  Float32Array.from({ length: 3 * groups }, (_, k) => Number(group < 0 || Math.floor(k / 3) === group));

/** Plan of a person's stage: other seeds are other persons. */
const stagePlan = ({ frames, cameras, groups, groupSize, size }: StageSize, seed: number): LightStagePlan =>
  lightStage({ frames, cameras, groups, groupSize, size, seed, strength });

/** How long work is followed. */
export interface Following {
  readonly onProgress?: ((done: number, count: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A person on the light stage of section 3.2, from its folder; what is missing there is rendered, so a killed run goes on.
 * The folder gets a contact sheet.
 * @throws FormatError for a folder that holds another stage; the signal's reason.
 */
export async function openStage(
  folder: string,
  model: MorphableModel,
  stage: StageSize,
  seed: number,
  { onProgress, signal }: Following = {},
): Promise<Stage> {
  const plan = stagePlan(stage, seed);
  const { frames, cameras, groups, size, spp, litSpp, depth, litOnly } = stage;
  const moments = Array.from({ length: frames }, (_, frame) => frame).filter((frame) => !litOnly || frame % 2 === 0);
  const places = moments.flatMap((frame) => Array.from({ length: cameras }, (_, camera) => frame * cameras + camera));
  await writeDataset(folder, {
    ...{ kind: 'lighting-adaptation-stage', count: places.length, shardSize: 32 },
    ...{ settings: { plan: plan.settings, model: model.data.name, spp, litSpp, depth, ...(litOnly && { litOnly }) } },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    make: async (index) => {
      const { scene, labels } = await plan.item(model, places[index]);
      const samples = labels['group'] < 0 ? litSpp : spp;
      const { traced, mask } = await synthesize(model, scene, { spp: samples, depth });
      return {
        image: { type: 'F16', shape: [size, size, 3], data: traced },
        mask: { type: 'U8', shape: [size, size], data: mask },
      };
    },
  });
  const dataset = await openDataset(folder);
  const views: StageView[] = [];
  for (const [k, place] of places.entries()) {
    const { image, mask } = await dataset.sample(k);
    const { scene, labels } = await plan.item(model, place);
    const { frame, camera, group } = labels;
    const toStage = inverse(turnOfRows(plan.cameras[camera].rotation));
    const stageRotation = axisAngleOf(after(toStage, turnOf(scene.rotation)));
    const { rotation, translation } = scene;
    views.push({ frame, camera, group, image: image.data, mask: mask.data, rotation, translation, stageRotation });
  }
  const vector = (values: readonly number[]) => tensor(Float32Array.from(values));
  const positions: Float32Array[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const { identity, blendshapes } = (await plan.item(model, frame * cameras)).scene;
    const shape = model.geometry({ identity: vector(identity), blendshapes: vector(blendshapes) });
    positions.push(Float32Array.from(await shape.data()));
  }
  const { identity, albedo, tint, focal } = (await plan.item(model, 0)).scene;
  const opened = { size, focal, groups, cameras, frames, views, positions, subject: { identity, albedo, tint } };
  await saveContactSheet(join(folder, 'contact.png'), opened);
  return opened;
}

/** Frames of a contact sheet, a row each. */
const most = 12;

/** All cameras at some moments; those of one group are shown half as many times brighter as there are groups. */
async function saveContactSheet(path: string, { views, cameras, size, groups }: Stage): Promise<void> {
  if (existsSync(path)) return;
  const shown = views.slice(0, most * cameras).map(({ image, group }) =>
    tensor(Float32Array.from(image), [size, size, 3])
      .mul(group < 0 ? 1 : groups / 2)
      .clamp(0, 1),
  );
  await saveImage(path, imageGrid(shown, { columns: cameras }));
}
