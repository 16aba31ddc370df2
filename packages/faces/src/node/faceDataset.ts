import { createHash } from 'node:crypto';
import { backgroundImage, photograph, sampleArrays, synthesize } from '../synthesis/index.js';
import type { Pictures, SynthesisPlan, SynthesizeOptions } from '../synthesis/index.js';
import type { MorphableModel } from '../model/index.js';
import { writeDataset } from './dataset.js';
import type { DatasetManifest, DatasetSample, WriteDatasetOptions } from './dataset.js';

/** How a plan is written. */
export interface WriteFacesOptions
  extends SynthesizeOptions, Pick<WriteDatasetOptions, 'shardSize' | 'signal' | 'onProgress'> {
  /** Pictures for backgrounds by the names that scenes call them. */
  readonly pictures?: Pictures;
}

/** A short name of what pictures hold, so that a set is only resumed with the same ones. */
const contentsOf = (pictures: Pictures): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(pictures).map(([name, { height, width, data }]) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [name, `${height} x ${width} ${createHash('sha256').update(bytes).digest('hex')}`];
    }),
  );

/**
 * Renders the items of a plan into a folder: see `writeDataset` for what happens when it is stopped, and for several
 * processes at once; and `sampleArrays` for what a sample holds. Each has its photograph. While one item is written
 * the next is rendered.
 * @returns the manifest of the whole set.
 *
 * @example
 * await writeFaces('out/grid', model, faceGrid({ identities: 114 }), { spp: 64 });
 */
export async function writeFaces(
  folder: string,
  model: MorphableModel,
  plan: SynthesisPlan,
  { spp = 64, depth = 4, maps = {}, pictures = {}, shardSize = 64, ...writing }: WriteFacesOptions = {},
): Promise<DatasetManifest> {
  const sample = async (index: number): Promise<DatasetSample> => {
    const { scene, labels } = await plan.item(model, index);
    const face = await synthesize(model, scene, { spp, depth, maps });
    const photo = photograph(scene, face.traced, face.coverage, backgroundImage(scene, pictures, maps));
    return sampleArrays(face, { photograph: photo, labels });
  };
  let next: { readonly index: number; readonly sample: Promise<DatasetSample> } | undefined;
  return writeDataset(folder, {
    kind: plan.kind,
    count: plan.count,
    shardSize,
    settings: {
      ...{ model: model.data.name, plan: plan.settings, spp, depth },
      ...{ maps: contentsOf(maps), pictures: contentsOf(pictures) },
    },
    make: async (index) => {
      const made = next?.index === index ? next.sample : sample(index);
      next = undefined;
      if ((index + 1) % shardSize !== 0 && index + 1 < plan.count) {
        next = { index: index + 1, sample: sample(index + 1) };
        next.sample.catch(() => undefined); // thrown where it is awaited, if it ever is
      }
      return made;
    },
    ...writing,
  });
}
