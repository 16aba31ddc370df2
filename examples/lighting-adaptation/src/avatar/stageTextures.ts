import { tensor } from '@chiaro/autograd';
import { photoTexture, texelPlaces, type MorphableModel } from '@chiaro/faces';
import { openDataset, writeDataset } from '@chiaro/faces/node';
import { pinholeOf, posed } from '../draw/drawHeads.js';
import type { Following, Stage, StageView } from '../stage/stage.js';
import type { AppearanceStatistics } from './deepAppearance.js';

/** A fully lit view in the texture square. */
export interface StageTexture {
  readonly view: StageView;
  /** [M * M * 3] linear RGB; what the camera did not see is filled. */
  readonly texture: ArrayLike<number>;
  /** [M * M] 1 where it did. */
  readonly visible: ArrayLike<number>;
}

/** All fully lit views of a stage as textures. */
export interface StageTextures {
  /** M */
  readonly size: number;
  readonly views: readonly StageTexture[];
  /** [M * M * 3] of each fully lit moment, by its frame: mean over the cameras that saw a texel. */
  readonly averages: ReadonlyMap<number, Float32Array>;
}

/**
 * Projects the fully lit views of a stage into the texture square, at the true head; kept in a folder, what is missing is
 * made.
 * @throws FormatError for a folder that holds others; the signal's reason.
 */
export async function stageTextures(
  folder: string,
  model: MorphableModel,
  stage: Stage,
  size: number,
  about: unknown,
  { onProgress, signal }: Following = {},
): Promise<StageTextures> {
  const lit = stage.views.filter(({ group }) => group < 0);
  const places = texelPlaces(model.data, size);
  await writeDataset(folder, {
    ...{ kind: 'lighting-adaptation-textures', count: lit.length, shardSize: 32, settings: { size, stage: about } },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    make: async (index) => {
      const { frame, image, rotation, translation } = lit[index];
      const poses = { rotations: tensor([[...rotation]]), translations: tensor([[...translation]]) };
      const positions = posed(tensor(stage.positions[frame], [1, model.vertexCount, 3]), poses).squeeze(0);
      const mesh = { ...model.mesh(positions), rest: model.data.positions };
      const photo = tensor(Float32Array.from(image), [stage.size, stage.size, 3]);
      const { texture, visible } = photoTexture(photo, mesh, pinholeOf(stage), places);
      return {
        texture: { type: 'F16', shape: [size, size, 3], data: Float32Array.from(await texture.data()) },
        visible: { type: 'U8', shape: [size, size], data: Uint8Array.from(await visible.data()) },
      };
    },
  });
  const dataset = await openDataset(folder);
  const views: StageTexture[] = [];
  for (let k = 0; k < lit.length; k++) {
    const { texture, visible } = await dataset.sample(k);
    views.push({ view: lit[k], texture: texture.data, visible: visible.data });
  }
  const frames = [...new Set(lit.map(({ frame }) => frame))];
  return {
    size,
    views,
    averages: new Map(frames.map((frame) => [frame, meanOf(views.filter((v) => v.view.frame === frame))])),
  };
}

/** Weight of filled texels beside seen ones: only where no camera saw a texel do they count. */
const filled = 1e-3;

function meanOf(views: readonly StageTexture[]): Float32Array {
  return Float32Array.from(views[0].texture, (_, i) => {
    let [sum, total] = [0, 0];
    for (const { texture, visible } of views) {
      const weight = filled + visible[Math.floor(i / 3)];
      sum += weight * texture[i];
      total += weight;
    }
    return sum / total;
  });
}

/** Mean of lists of equal length, and the root mean square of what is left over. */
function meanAndScale(lists: readonly ArrayLike<number>[]): { mean: Float32Array; scale: number } {
  const mean = new Float32Array(lists[0].length);
  for (const list of lists) for (let i = 0; i < mean.length; i++) mean[i] += list[i] / lists.length;
  let sum = 0;
  for (const list of lists) for (let i = 0; i < mean.length; i++) sum += (list[i] - mean[i]) ** 2;
  return { mean, scale: Math.max(Math.sqrt(sum / (lists.length * mean.length)), 1e-6) };
}

/** Root mean square of what seen texels of single views are off the mean. */
function viewScale(views: readonly StageTexture[], mean: ArrayLike<number>): number {
  let [sum, count] = [0, 0];
  for (const { texture, visible } of views)
    for (let i = 0; i < mean.length; i++) {
      if (visible[Math.floor(i / 3)] === 0) continue;
      sum += (texture[i] - mean[i]) ** 2;
      count++;
    }
  return Math.max(Math.sqrt(sum / Math.max(1, count)), 1e-6);
}

/** What an avatar of this stage is normalised by. */
export function appearanceStatistics(stage: Stage, textures: StageTextures): AppearanceStatistics {
  const shape = meanAndScale([...textures.averages.keys()].map((frame) => stage.positions[frame]));
  const colour = meanAndScale([...textures.averages.values()]);
  const textureScale = viewScale(textures.views, colour.mean);
  return { positions: shape.mean, positionScale: shape.scale, texture: colour.mean, textureScale };
}
