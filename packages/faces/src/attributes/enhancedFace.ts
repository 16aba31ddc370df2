import { normalMapOf, ShapeError } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { FaceTextures } from '../scene/posedFace.js';
import type { AttributeFace } from './attributeFace.js';

/** What networks add to the statistical textures, in the UV square of the mesh; what is not given adds nothing. */
export interface TextureIncrements {
  /** [M, M, 3] of the diffuse albedo, linear RGB. */
  readonly diffuse?: Tensor;
  /** [M, M, 1] of the specular albedo. */
  readonly specular?: Tensor;
  /** [M, M, 3] of the tangent-space normal (0, 0, 1), z above -1. */
  readonly normal?: Tensor;
}

/** A face with textures of its own. */
export interface EnhancedFace extends AttributeFace {
  /** The statistical albedos D [M, M, 3] and S [M, M, 1]. */
  readonly base: FaceTextures;
  /** D and S with their increments, as they come, also outside of what albedos may be: what regularisers look at. */
  readonly sums: FaceTextures;
}

/** What renderers take for an albedo. */
export const albedoRange = [0.002, 0.98] as const;

/**
 * Adds increments to a face's statistical albedos, Dib et al. 2021, eq. 3, and a normal map, Dib et al. 2022 (S2F2): the
 * normal (0, 0, 1) and its increment at length 1. Rendered are the sums within [0.002, 0.98]. Increments of zero, also of
 * the normal, give the base face. Differentiable.
 * @throws ShapeError for increments that are not of the base textures' size.
 */
export function enhancedFace(face: AttributeFace, { diffuse, specular, normal }: TextureIncrements): EnhancedFace {
  const base = { diffuse: face.textures.diffuse, specular: face.textures.specular.narrow(2, 0, 1) };
  const [height, width] = base.diffuse.shape;
  for (const [name, given, channels] of [
    ['diffuse', diffuse, 3],
    ['specular', specular, 1],
    ['normal', normal, 3],
  ] as const) {
    const wanted = [height, width, channels].join(', ');
    if (given && given.shape.join(', ') !== wanted)
      throw new ShapeError(`enhancedFace: increments (${name}) must be [${wanted}], got [${given.shape.join(', ')}]`);
  }
  const sums = {
    diffuse: diffuse ? base.diffuse.add(diffuse) : base.diffuse,
    specular: specular ? base.specular.add(specular) : base.specular,
  };
  return {
    ...{ attributes: face.attributes, mesh: face.mesh, base, sums },
    textures: {
      diffuse: sums.diffuse.clamp(...albedoRange),
      specular: sums.specular.clamp(...albedoRange).expand([height, width, 3]),
    },
    ...(normal && { normalMap: normalMapOf(normal) }),
  };
}
