import { albedoError, angularError, lightError, summarize, type ErrorSummary } from '@chiaro/faces';
import { residualOf, type FaceMaps } from '../data/faceMaps.js';
import { localImage, shadingOf } from '../data/formation.js';
import type { TakenApart } from './decompose.js';
import { effectsOf } from './effects.js';

/** Thresholds of table 2, degrees. */
const degrees = [20, 25, 30] as const;

/**
 * Errors over a set of images, each inside of its one mask, from the truth. Summaries are over images. A picture does not
 * tell a light skin in dim light from a dark one in bright light, so albedo and shading are compared after the factor for
 * each colour that fits the face best; `raw` is without.
 */
export interface Scores {
  /** Mean angle between normals, degrees. */
  readonly normals: ErrorSummary;
  /** Share of all pixels below 20, 25 and 30 degrees. */
  readonly normalShares: readonly number[];
  /** Root mean square of the albedo's error. */
  readonly albedo: ErrorSummary;
  readonly albedoRaw: ErrorSummary;
  /** The same with the whole face's factors inside of true shadows, of true highlights, and elsewhere on the face. */
  readonly albedoInShadow: ErrorSummary | undefined;
  readonly albedoInHighlight: ErrorSummary | undefined;
  readonly albedoElsewhere: ErrorSummary | undefined;
  /** Root mean square of f(N, L)'s error. */
  readonly shading: ErrorSummary;
  /** Relative error of the light's 27 numbers. */
  readonly light: ErrorSummary;
  /** Root mean square of I_g as it is seen again, A f(N, L) + R, against the picture. */
  readonly reconstruction: ErrorSummary;
  /** Root mean square of R's error; without an R, of the true R. */
  readonly residual: ErrorSummary;
}

/** Fewer pixels of a shadow or a highlight say nothing. */
const fewest = 12;

/** Root mean square of a - b inside of a mask. */
function rms(a: ArrayLike<number>, b: ArrayLike<number>, mask: ArrayLike<number>): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < a.length; i++)
    if (mask[Math.floor(i / 3)] !== 0) [sum, count] = [sum + (a[i] - b[i]) ** 2, count + 1];
  return Math.sqrt(sum / count);
}

/** Directions where there are none, for angles to mean something: towards the camera. */
const directed = (normals: ArrayLike<number>): Float32Array =>
  Float32Array.from(normals, (x, i) => {
    const p = i - (i % 3);
    const isNone = normals[p] === 0 && normals[p + 1] === 0 && normals[p + 2] === 0;
    return isNone ? Number(i % 3 === 2) : x;
  });

/** I_g as a decomposition says, eq. 2. */
export const seenAgain = ({ albedo, normals, light, residual }: TakenApart): Float32Array =>
  localImage(albedo, normals, light).map((x, i) => x + (residual ? residual[i] : 0));

/** Measures decompositions of the pictures of faces whose truth is known. */
export function score(found: readonly TakenApart[], faces: readonly FaceMaps[]): Scores {
  const lists = {
    ...{ normals: [] as number[], albedo: [] as number[], albedoRaw: [] as number[], shading: [] as number[] },
    ...{ light: [] as number[], reconstruction: [] as number[], residual: [] as number[] },
    ...{ shadow: [] as number[], highlight: [] as number[], plain: [] as number[] },
  };
  const below = degrees.map(() => 0);
  let pixels = 0;
  faces.forEach((face, k) => {
    const { albedo, normals, light, residual = new Float32Array(face.image.length) } = found[k];
    const { mask } = face;
    const angles = angularError(directed(normals), directed(face.normals), { mask, degrees });
    lists.normals.push(angles.mean);
    pixels += angles.count;
    angles.shares.forEach(({ share }, t) => (below[t] += share * angles.count));
    const gained = albedoError(albedo, face.albedo, { mask, gain: 'perChannel' });
    lists.albedo.push(gained.rms);
    lists.albedoRaw.push(albedoError(albedo, face.albedo, { mask }).rms);
    for (const [name, area] of Object.entries(effectsOf(face)) as ['shadow' | 'highlight' | 'plain', Uint8Array][])
      if (area.reduce((sum, x) => sum + x, 0) >= fewest)
        lists[name].push(albedoError(albedo, face.albedo, { mask: area, gains: gained.linearGain }).rms);
    const [shade, trueShade] = [shadingOf(normals, light), shadingOf(face.normals, face.light)];
    lists.shading.push(albedoError(shade, trueShade, { mask, gain: 'perChannel' }).rms);
    lists.light.push(lightError(light, face.light).gained);
    lists.reconstruction.push(rms(seenAgain(found[k]), face.image, mask));
    lists.residual.push(rms(residual, residualOf(face), mask));
  });
  const summary = (list: readonly number[]): ErrorSummary | undefined =>
    list.length > 0 ? summarize(list) : undefined;
  return {
    normals: summarize(lists.normals),
    normalShares: below.map((count) => count / pixels),
    albedo: summarize(lists.albedo),
    albedoRaw: summarize(lists.albedoRaw),
    albedoInShadow: summary(lists.shadow),
    albedoInHighlight: summary(lists.highlight),
    albedoElsewhere: summary(lists.plain),
    shading: summarize(lists.shading),
    light: summarize(lists.light),
    reconstruction: summarize(lists.reconstruction),
    residual: summarize(lists.residual),
  };
}
