import { ShapeError } from '../engine.js';
import type { FaceCoefficients } from './morphableModel.js';

/**
 * What makes a face different from the mean one, exaggerated (Blanz and Vetter 1999, section 4.1): identity, albedo and
 * tint times a factor; expressions stay. Nothing is clamped: beyond some 3 standard deviations shapes leave what faces
 * are, and albedos reach the ends of their range, where `MorphableModel.albedo` holds them.
 * @param factor 1 is the face itself, 0 the mean face, negative its opposite. @throws ShapeError unless it is finite.
 *
 * @example
 * const drawn = model.geometry(caricature(coefficients, 2.5));
 */
export function caricature<T extends FaceCoefficients>(coefficients: T, factor: number): T {
  if (!Number.isFinite(factor)) throw new ShapeError(`a factor must be finite, got ${factor}`);
  const { identity, albedo, tint } = coefficients;
  return {
    ...coefficients,
    ...(identity && { identity: identity.mul(factor) }),
    ...(albedo && { albedo: albedo.mul(factor) }),
    ...(tint && { tint: tint.mul(factor) }),
  };
}
