import type { LightMaps, MorphableModel, SynthesisPlan } from '@chiaro/faces';
import { openDataset, writeDataset } from '@chiaro/faces/node';
import { KeptFace, storedFace } from './faceMaps.js';
import { framedScene } from './framing.js';
import { renderedFace, type Picture } from './renderedFace.js';

/** A set of faces: what is rendered, and how. */
export interface FaceSetPlan {
  readonly model: MorphableModel;
  readonly plan: SynthesisPlan;
  readonly picture: Picture;
  /** Samples per pixel; 0 for local pictures. */
  readonly spp: number;
  readonly maps?: LightMaps;
}

/** How long work is followed. */
export interface Following {
  /** Told how much is there. */
  readonly onProgress?: (done: number, count: number) => void;
  readonly signal?: AbortSignal;
}

/** Faces of a file. */
const shardSize = 32;

/**
 * The faces of a plan from their folder, whose missing part is rendered first: a killed run goes on, several processes
 * share the work, and all rows of a table use what was rendered once.
 * @throws FormatError for a folder that holds another set; the signal's reason where it stops.
 */
export async function facesIn(
  folder: string,
  { model, plan, picture, spp, maps }: FaceSetPlan,
  { onProgress, signal }: Following = {},
): Promise<readonly KeptFace[]> {
  const { count } = plan;
  await writeDataset(folder, {
    ...{ kind: `illures-${picture}`, count, shardSize, ...(signal && { signal }) },
    settings: { plan: plan.settings, model: model.data.name, spp },
    make: async (index) => {
      const { scene, labels } = await plan.item(model, index);
      const options = { spp, ...(maps && { maps }) };
      return storedFace({ ...(await renderedFace(model, framedScene(model, scene), picture, options)), labels });
    },
    ...(onProgress && { onProgress: (done: number) => onProgress(done, count) }),
  });
  const dataset = await openDataset(folder);
  const faces: KeptFace[] = [];
  for (let k = 0; k < count; k++) faces.push(new KeptFace(await dataset.sample(k)));
  return faces;
}
