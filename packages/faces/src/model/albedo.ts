import { ShapeError } from '../engine.js';
import type { Tensor } from '../engine.js';
import { pigmentTint } from './tint.js';
import { toneSum } from './tones.js';
import type { Tones } from './tones.js';

/** Coefficients of a face's reflectance. */
export interface AlbedoCoefficients {
  /** [A' <= A] weights of the albedo modes, N(0, 1), of diffuse and specular albedo alike. */
  readonly albedo?: Tensor;
  /** [2] melanin and haemoglobin, N(0, 1); see `pigmentTint`. */
  readonly tint?: Tensor;
}

/** Maps that a model's reflectance is made of; `MorphableModel` says what they are. */
export interface AlbedoMaps {
  readonly meanDiffuse: Tensor;
  readonly diffuseModes: Tensor;
  readonly tones: Tones;
  readonly meanSpecular: Tensor;
  readonly specularModes: Tensor;
  readonly skin: Tensor;
  readonly albedoCount: number;
}

/** Albedo stays in this range, so that renderers and logarithms stay sane. */
const albedoRange = [0.002, 0.98] as const;

/** See `MorphableModel.albedo`; for maps of any size [H, W, ...], also of one row for each vertex. */
export function albedoOf(
  maps: AlbedoMaps,
  { albedo, tint }: AlbedoCoefficients,
): { readonly diffuse: Tensor; readonly specular: Tensor } {
  let diffuse = maps.meanDiffuse;
  let specular = maps.meanSpecular;
  if (albedo !== undefined) {
    const used = albedo.shape[0];
    const skins = Math.min(used, maps.diffuseModes.shape[0]);
    if (albedo.rank !== 1 || used > maps.albedoCount) {
      throw new ShapeError(
        `albedo: needs [at most ${maps.albedoCount}] coefficients, got [${albedo.shape.join(', ')}]`,
      );
    }
    diffuse = diffuse.add(mixed('albedo', albedo.narrow(0, 0, skins), maps.diffuseModes));
    specular = specular.add(mixed('albedo', albedo.narrow(0, 0, skins), maps.specularModes));
    if (used > skins) diffuse = diffuse.add(toneSum(maps.tones, albedo.narrow(0, skins, used - skins), diffuse));
  }
  if (tint !== undefined) {
    if (tint.rank !== 1 || tint.shape[0] !== 2) {
      throw new ShapeError(`albedo: tint must be [2] (melanin, haemoglobin), got [${tint.shape.join(', ')}]`);
    }
    diffuse = diffuse.mul(pigmentTint(tint, maps.skin));
  }
  const [height, width] = maps.skin.shape;
  return {
    diffuse: diffuse.clamp(...albedoRange),
    specular: specular.clamp(...albedoRange).expand([height, width, 3]),
  };
}

/** weights [..., K'] times the first K' of modes [K, ...]. */
export function mixed(name: string, weights: Tensor, modes: Tensor): Tensor {
  const [available, ...shape] = modes.shape;
  const used = weights.shape.at(-1) ?? 0;
  if (weights.rank === 0 || used > available) {
    throw new ShapeError(`${name}: needs [..., at most ${available}] coefficients, got [${weights.shape.join(', ')}]`);
  }
  const flat = modes.narrow(0, 0, used).reshape([used, shape.reduce((a, b) => a * b, 1)]);
  return weights.matmul(flat).reshape([...weights.shape.slice(0, -1), ...shape]);
}
