import { fitFace, summarize, vertexConfig, vertexError, type Photo } from '@chiaro/faces';
import { linearOfSRGB } from '@chiaro/render';
import { heldOutModel, worldSeeds, type Following } from './experiment.js';
import type { FaceRenderer } from './model/faceRenderer.js';
import { part } from './model/parameters.js';
import { cropPhoto } from './photo.js';
import { takePhotograph } from './world/worldPhotos.js';

/** Pixels of a side of the photographs, and samples of each. */
const photograph = { photo: 128, spp: 32 };

/** Steps that fits are ended after. */
const stepCounts = [10, 40] as const;

/** What the network says of a face as the fit's coefficients: shape as it is, expression in weights of blendshapes. */
async function startOf(
  { model }: FaceRenderer,
  theta: Float32Array,
): Promise<{ identity: Float32Array; blendshapes: Float32Array }> {
  const { base, layout } = model;
  const modes = part(theta, layout, 'expression');
  const mixing = await base.expressionToBlendshapes.data();
  const blendshapes = Float32Array.from({ length: base.blendshapeCount }, (_, b) =>
    modes.reduce((sum, x, k) => sum + x * mixing[k * base.blendshapeCount + b], 0),
  );
  return {
    identity: part(theta, layout, 'shape').slice(),
    blendshapes: blendshapes.map((x) => Math.min(1, Math.max(0, x))),
  };
}

/**
 * What the prediction is worth as the beginning of the fit of packages/faces: photographs of the world that no row is
 * trained on, fitted from their landmarks alone and from landmarks and prediction, by few steps and by more.
 * @returns a table: mean and deviation of the rms distance of vertices after the best rigid motion, mm.
 */
export async function refinementTable(
  renderer: FaceRenderer,
  predict: (images: Uint8Array) => Promise<Float32Array>,
  count: number,
  { onProgress }: Pick<Following, 'onProgress'> = {},
): Promise<string> {
  const { model, template, size } = renderer;
  const world = heldOutModel(model);
  const errors = new Map<string, number[]>();
  const add = (row: string, found: Float32Array, truth: Float32Array): void => {
    const { distances } = vertexError(found, truth, { align: 'rigid', vertices: template.masked });
    const rms = Math.sqrt(distances.reduce((sum, d) => sum + d * d, 0) / distances.length);
    errors.set(row, [...(errors.get(row) ?? []), rms]);
  };
  const seconds = new Map<string, number>();
  for (let k = 0; k < count; k++) {
    const { picture, landmarks, positions } = await takePhotograph(world, photograph, worldSeeds.test + k);
    const theta = await predict(cropPhoto(picture, landmarks, size).image);
    const { width, height, data } = picture;
    const image = { ...picture, data: data.map(linearOfSRGB) };
    const srgb = Uint8Array.from(data, (x) => Math.round(255 * x));
    const original = { originalWidth: width, originalHeight: height };
    const photo: Photo = { name: `photograph ${k + 1}`, width, height, ...original, image, srgb, notes: [] };
    const prediction = await startOf(renderer, theta);
    for (const steps of stepCounts) {
      for (const start of [undefined, prediction]) {
        const row = `${steps} steps, ${start ? 'landmarks and prediction' : 'landmarks'}`;
        const begun = performance.now();
        const config = vertexConfig(steps);
        const fit = await fitFace(photo, {
          ...{ model: model.base, landmarks, config, budgetSeconds: 600, seed: 1 },
          ...(start && { start }),
        });
        seconds.set(row, (seconds.get(row) ?? 0) + (performance.now() - begun) / 1000);
        add(row, fit.mesh.positions, positions);
      }
    }
    onProgress?.('fits', k + 1, count);
  }
  const lines = [...errors].map(([row, list]) => {
    const { mean, deviation } = summarize(list);
    return `| ${row} | ${mean.toFixed(2)} ±${deviation.toFixed(2)} | ${(seconds.get(row)! / count).toFixed(1)} |`;
  });
  return ['| fit | aligned [mm] | s |', '| --- | ---: | ---: |', ...lines].join('\n');
}
