import { albedoError, summarize, type ErrorSummary } from '@chiaro/faces';
import type { FaceMaps } from '../data/faceMaps.js';
import { localImage } from '../data/formation.js';
import type { TakenApart } from '../evaluate/decompose.js';

/**
 * What becomes of R under another light, which the paper does not say. Its shadows and highlights are those of the old
 * light: they are dropped; kept as they are; or scaled with the local light of each pixel, so that what was half in
 * shadow stays so.
 */
export const residualUses = ['drop', 'keep', 'scale'] as const;
export type ResidualUse = (typeof residualUses)[number];

/** Local light below this is too little to scale R by; factors stay below `mostScale`. */
const [leastLight, mostScale] = [0.01, 4];

/**
 * Section 4.4: a face in the light of another picture, A f(N, L'), and what becomes of R.
 * @param light L' of the other picture, [27].
 * @returns [S * S * 3] linear RGB, not clipped.
 */
export function relit(
  { albedo, normals, light: old, residual }: TakenApart,
  light: ArrayLike<number>,
  use: ResidualUse,
): Float32Array {
  const image = localImage(albedo, normals, light);
  if (!residual || use === 'drop') return image;
  if (use === 'keep') return image.map((x, i) => x + residual[i]);
  const before = localImage(albedo, normals, old);
  return image.map((x, i) => {
    const scale = Math.min(mostScale, Math.max(0, x) / Math.max(leastLight, before[i]));
    return x + scale * residual[i];
  });
}

/** How far relit faces are from renders in that light: root mean squares, after the best factor for each colour. */
export interface RelightingScores extends Readonly<Record<ResidualUse, ErrorSummary>> {
  /** The photograph as it was. */
  readonly unchanged: ErrorSummary;
  /** With the true albedo, normals and lights, and no R: what a method without shadows can reach. */
  readonly local: ErrorSummary;
}

/**
 * Relights every test face by the light of another one and compares with the truth.
 * @param found of `faces`, in their order. @param truth the set `relit`: face k in the light of face `lightOf`.
 */
export function relightingScores(
  found: readonly TakenApart[],
  faces: readonly FaceMaps[],
  truth: readonly FaceMaps[],
): RelightingScores {
  const error = (image: ArrayLike<number>, k: number): number =>
    albedoError(image, truth[k].image, { mask: faces[k].mask, gain: 'perChannel' }).rms;
  const over = (picture: (k: number) => ArrayLike<number>): ErrorSummary =>
    summarize(faces.map((_, k) => error(picture(k), k)));
  const by = (use: ResidualUse): ErrorSummary =>
    over((k) => relit(found[k], found[truth[k].labels['lightOf']].light, use));
  return {
    ...{ drop: by('drop'), keep: by('keep'), scale: by('scale') },
    unchanged: over((k) => faces[k].image),
    local: over((k) => localImage(faces[k].albedo, faces[k].normals, truth[k].light)),
  };
}
