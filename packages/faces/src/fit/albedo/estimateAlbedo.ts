import { noGrad, sampleTexture, tensor, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { pigmentTint } from '../../model/index.js';
import type { MorphableModel } from '../../model/index.js';
import type { FaceView } from '../result/faceImages.js';
import { toneChange } from '../../model/tones.js';
import { solveAlbedo } from './solveAlbedo.js';
import type { AlbedoSamples } from './solveAlbedo.js';

/** No more pixels than this are looked at in all: hundreds per coefficient. */
const mostPixels = 9000;

/** Tones act on the skin's colour, so that the image is linear in either alone: it is solved this often, at the last answer. */
const rounds = 2;

/** What a photograph shows of a face whose albedo is sought. */
export interface AlbedoView {
  readonly view: FaceView;
  /** [H, W, 3] linear RGB. */
  readonly photo: Tensor;
  /** Those that are compared, row by row. */
  readonly pixels: Int32Array;
}

/**
 * The albedo coefficients [A] that explain photographs for the shape and the light of their views, see `solveAlbedo`.
 * Without noise and without steps: the shading is held, so that all pixels of the result's size can take part.
 *
 * @param start [A] coefficients to begin at. @param tint [2], which stays. @param weight of the mean difference to each
 *   photograph.
 */
export async function estimateAlbedo(
  model: MorphableModel,
  views: readonly AlbedoView[],
  start: Float32Array,
  tint: Tensor,
  weight: number,
): Promise<Float32Array> {
  let coefficients = start;
  const most = Math.ceil(mostPixels / views.length);
  for (let round = 0; round < rounds; round++) {
    const samples: AlbedoSamples[] = [];
    for (const view of views) samples.push(await linearised(model, view, most, tensor(coefficients), tint));
    coefficients = solveAlbedo(joined(samples), weight * views.length);
  }
  return coefficients;
}

/** The samples of several photographs as those of one. */
function joined(samples: readonly AlbedoSamples[]): AlbedoSamples {
  if (samples.length === 1) return samples[0];
  const all = (arrays: readonly Float32Array[]): Float32Array => {
    const result = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const array of arrays) {
      result.set(array, at);
      at += array.length;
    }
    return result;
  };
  const count = samples[0].columns.length / samples[0].goal.length;
  const modes = Array.from({ length: count }, (_, k) => k);
  const column = ({ columns, goal }: AlbedoSamples, k: number): Float32Array =>
    columns.subarray(k * goal.length, (k + 1) * goal.length);
  return {
    columns: all(modes.flatMap((k) => samples.map((s) => column(s, k)))),
    base: all(samples.map(({ base }) => base)),
    goal: all(samples.map(({ goal }) => goal)),
  };
}

/** The image about some coefficients [A]: what it is linear in, at pixels. */
async function linearised(
  model: MorphableModel,
  { view: { surface, maps }, photo, pixels }: AlbedoView,
  most: number,
  about: Tensor,
  tint: Tensor,
): Promise<AlbedoSamples> {
  const every = Math.max(1, Math.ceil(pixels.length / most));
  const chosen = pixels.filter((_, k) => k % every === 0);
  const [columns, base, goal] = noGrad(() => {
    const rows = tensor(chosen);
    const count = chosen.length;
    const { samples } = surface;
    const ofRays = (values: Tensor, width: number): Tensor =>
      values.reshape([surface.height * surface.width, samples * width]).indexSelect(0, rows);
    const uv = ofRays(surface.uv, 2).reshape([count * samples, 2]);
    const hit = ofRays(surface.hit, 1).reshape([count, samples, 1]);
    const hits = hit.sum(1).clamp(1);
    /** [count, channels]; models may have no tones, or nothing but tones. */
    const seen = (texture: Tensor): Tensor =>
      texture.shape[2] === 0
        ? zeros([count, 0])
        : sampleTexture(texture, uv).reshape([count, samples, -1]).mul(hit).sum(1).div(hits);
    const atPixels = (image: Tensor): Tensor => image.reshape([-1, 3]).indexSelect(0, rows);
    const { diffuseModes, specularModes, tones } = model;
    const [height, width] = model.skin.shape;
    const [skins, toned] = [diffuseModes.shape[0], tones.count];
    const lit = atPixels(maps.shading).mul(seen(pigmentTint(tint, model.skin)));
    const gloss = atPixels(maps.gloss);
    const mean = seen(model.meanDiffuse);
    const skin = seen(model.albedo({ albedo: about.narrow(0, 0, skins) }).diffuse);
    const change = seen(toneChange(tones, about.narrow(0, skins, toned), model.skin.shape)).narrow(1, 0, 3);
    const channelsLast = (modes: Tensor, channels: number): Tensor =>
      modes.permute([1, 2, 0, 3]).reshape([height, width, channels]);
    const ofSkins = seen(channelsLast(diffuseModes, 3 * skins))
      .reshape([count, skins, 3])
      .mul(lit.mul(change.add(1)).unsqueeze(1))
      .add(seen(channelsLast(specularModes, skins)).reshape([count, skins, 1]).mul(gloss.unsqueeze(1)));
    const rules = tones.rules.reshape([1, toned, 6]);
    const ofTones = seen(tones.maps.transpose().reshape([height, width, toned]))
      .unsqueeze(2)
      .mul(
        rules
          .narrow(2, 0, 3)
          .mul(mean.unsqueeze(1))
          .add(rules.narrow(2, 3, 3)),
      )
      .mul(lit.unsqueeze(1));
    const byMode = (values: Tensor): Tensor => values.permute([1, 0, 2]).flatten();
    return [
      [byMode(ofSkins), byMode(ofTones)],
      // (mean + skins) (1 + F) + C to first order in both: the product of the two changes counts once too often
      mean
        .mul(change.add(1))
        .sub(skin.mul(change))
        .mul(lit)
        .add(atPixels(maps.grazing))
        .add(seen(model.meanSpecular).mul(gloss)),
      atPixels(photo),
    ] as const;
  });
  const [first, second, ...others] = await Promise.all([...columns, base, goal].map((values) => values.data()));
  const all = new Float32Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return { columns: all, base: Float32Array.from(others[0]), goal: Float32Array.from(others[1]) };
}
