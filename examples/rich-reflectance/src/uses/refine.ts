import { join } from 'node:path';
import { fitFace, summarize, vertexConfig, vertexError, type Photo } from '@chiaro/faces';
import { linearOfSRGB } from '@chiaro/render';
import type { Following } from '../experiment.js';
import { worldFaces, worldModel, type WorldPlan } from '../world.js';
import type { Predictor } from './predictor.js';

/** Pixels of a side of the photographs, samples of each, and a seed that no other set has. */
const photographs = { size: 128, spp: 32, seed: 3_000_000 };

/** Steps that fits are ended after. */
const stepCounts = [10, 40] as const;

/** A picture of sRGB bytes [S * S * 3] as a photograph that was read. */
export function photoOf(srgb: Uint8Array, name: string): Photo {
  const size = Math.sqrt(srgb.length / 3);
  const sizes = { width: size, height: size };
  const data = Float32Array.from(srgb, (byte) => linearOfSRGB(byte / 255));
  const original = { originalWidth: size, originalHeight: size };
  return { name, ...sizes, ...original, srgb, notes: [], image: { ...sizes, channels: 3, data } };
}

/**
 * What a prediction is worth as the beginning of the fit of packages/faces ("combining both"): photographs of the world
 * that no row is trained on, fitted from their landmarks alone and from landmarks and prediction, by few steps and by more.
 * @returns a table: mean and deviation over photographs of the mean distance of the skin's vertices after the best rigid
 * motion, mm, of the prediction as it is and of the fits.
 */
export async function refinementTable(
  predictor: Predictor,
  folder: string,
  count: number,
  { onProgress, variation }: Pick<Following, 'onProgress'> & Pick<WorldPlan, 'variation'> = {},
): Promise<string> {
  const { model } = predictor.setting;
  const world = await worldModel(model);
  const faces = await worldFaces(join(folder, 'refine'), world, {
    count,
    ...photographs,
    ...(variation && { variation }),
  });
  const skin = Array.from(model.data.mask.keys()).filter((v) => model.data.mask[v] > 0.5);
  const errors = new Map<string, { error: number; seconds: number }[]>();
  const add = (row: string, found: ArrayLike<number>, truth: Float32Array, seconds: number): void => {
    const error = vertexError(found, truth, { align: 'rigid', vertices: skin }).mean;
    errors.set(row, [...(errors.get(row) ?? []), { error, seconds }]);
  };
  for (const [k, { photo: bytes, landmarks, positions }] of faces.entries()) {
    const photo = photoOf(bytes, `photograph ${k + 1}`);
    const { face, milliseconds } = await predictor.predict(photo, landmarks);
    const { identity, blendshapes } = face.attributes;
    add('prediction', await model.geometry({ identity, blendshapes }).data(), positions, milliseconds / 1000);
    const prediction = {
      identity: Float32Array.from(await identity.data()),
      blendshapes: Float32Array.from(await blendshapes.data(), (x) => Math.min(1, Math.max(0, x))),
    };
    for (const steps of stepCounts)
      for (const start of [undefined, prediction]) {
        const begun = performance.now();
        const fit = await fitFace(photo, {
          ...{ model, landmarks, config: vertexConfig(steps), budgetSeconds: 600, seed: 1 },
          ...(start && { start }),
        });
        const row = `${steps} steps, ${start ? 'landmarks and prediction' : 'landmarks'}`;
        add(row, fit.mesh.positions, positions, (performance.now() - begun) / 1000);
      }
    onProgress?.('fits', k + 1, count);
  }
  const lines = [...errors].map(([row, list]) => {
    const { mean, deviation } = summarize(list.map(({ error }) => error));
    const { mean: seconds } = summarize(list.map((one) => one.seconds));
    return `| ${row} | ${mean.toFixed(2)} ±${deviation.toFixed(2)} | ${seconds.toFixed(1)} |`;
  });
  return ['| fit | vertices [mm] | s |', '| --- | ---: | ---: |', ...lines].join('\n');
}
