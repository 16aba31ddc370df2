import { noGrad, ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { albedoOf } from '../model/albedo.js';
import type { AlbedoMaps } from '../model/albedo.js';
import type { MorphableModel } from '../model/index.js';
import type { FaceTextures } from '../scene/posedFace.js';
import { faceTexels } from '../scene/texels.js';
import type { FaceAttributes } from './layout.js';

/** A model's reflectance at a resolution of one's own. */
export interface AlbedoAtlas {
  /** Texels of a side. */
  readonly size: number;
  /** [size, size, 1] 1 where the texel shows the face proper, see `FaceModelData.mask`. */
  readonly face: Tensor;
  /** [size * size] int32, the texel that shows the mirror image of each one's place. */
  readonly mirror: Tensor;
  /** D and S of coefficients, [size, size, 3] linear RGB. Differentiable. */
  textures(attributes: Pick<FaceAttributes, 'albedo' | 'tint'>): FaceTextures;
}

/**
 * Mean and modes of a model's albedos as M x M texels (Dib et al. 2021, section 3.1), by means over squares of the model's own
 * texels: mixing modes costs as much as they have texels, once for each face of a batch.
 * @throws ShapeError for a size that does not divide the side of the model's texture.
 */
export function albedoAtlas(model: MorphableModel, size: number): AlbedoAtlas {
  const [height, width] = model.skin.shape;
  if (height !== width || !Number.isSafeInteger(size) || size < 1 || height % size !== 0)
    throw new ShapeError(`albedoAtlas: ${size} texels do not divide the ${height} x ${width} of the model's texture`);
  const block = height / size;
  /** [..., H, W, C] -> [N, size, size, C] with all leading dimensions in one. */
  const coarse = (map: Tensor): Tensor => map.reshape([-1, size, block, size, block, map.shape.at(-1)!]).mean([2, 4]);
  const { count, maps, rules } = model.tones;
  const atlas: AlbedoMaps = noGrad(() => ({
    meanDiffuse: coarse(model.meanDiffuse).squeeze(0),
    diffuseModes: coarse(model.diffuseModes),
    meanSpecular: coarse(model.meanSpecular).squeeze(0),
    specularModes: coarse(model.specularModes),
    skin: coarse(model.skin).squeeze(0),
    tones: {
      count,
      rules,
      maps: count === 0 ? maps : coarse(maps.reshape([count, height, width, 1])).reshape([count, size * size]),
    },
    albedoCount: model.albedoCount,
  }));
  const { mask, mirror } = faceTexels(model.data, size);
  return {
    size,
    face: tensor(mask, [size, size, 1]),
    mirror: tensor(mirror),
    textures: ({ albedo, tint }) => albedoOf(atlas, { ...(albedo.size > 0 && { albedo }), tint }),
  };
}
