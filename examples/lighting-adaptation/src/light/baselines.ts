import { ones, type Parameter, type Tensor } from '@chiaro/autograd';
import { axisAngle, evaluateSH, halfCosine, scaleBands } from '@chiaro/render';
import type { LightInputs, LightModel, Relit } from './lightModel.js';

/** Spherical harmonics of three bands, in three colours. */
const [degree, functions] = [2, 9];

/**
 * The baseline of Table 2: light at infinity without shadows, three bands of spherical harmonics in three colours. Every texel
 * is multiplied by its irradiance / pi under the code, 27 coefficients of radiance (colour fastest) that come on top of a white
 * light of gain 1, so that a code of zero changes nothing, as the fully lit texture is what the stage's even light shows.
 */
export class HarmonicLight implements LightModel {
  readonly codeSize = 3 * functions;
  readonly #normals: Tensor;
  readonly #bands: Tensor;

  /** @param normals [M, M, 3] unit normals of the mean face at its texels, in the head's frame. */
  constructor(normals: Tensor) {
    this.#normals = normals.reshape([1, -1, 3]);
    this.#bands = scaleBands(ones([functions, 1]), halfCosine()).div(Math.PI);
  }

  relight({ textures, light, rotations }: LightInputs): Relit {
    const [batch, size] = textures.shape;
    const turned = axisAngle(rotations).apply(this.#normals.expand([batch, size * size, 3]));
    const code = light.expand([batch, this.codeSize]).reshape([batch, functions, 3]).mul(this.#bands);
    const gain = evaluateSH(turned, degree).matmul(code).add(1).reshape(textures.shape);
    return { textures: textures.mul(gain), gain, bias: textures.mul(0) };
  }

  parameters(): Parameter[] {
    return [];
  }
}

/**
 * One colour transform of the whole face, a 3 x 4 matrix: the idea of I2ZNet's colour correction. The code is what is added to
 * the identity, rows of red, green, blue and 1 for each output colour.
 */
export class ColourMatrix implements LightModel {
  readonly codeSize = 12;

  relight({ textures, light }: LightInputs): Relit {
    const [batch, size] = textures.shape;
    const rows = light.expand([batch, this.codeSize]).reshape([batch, 3, 4]);
    const pixels = textures.reshape([batch, size * size, 3]);
    const mixed = pixels.matmul(rows.narrow(2, 0, 3).permute([0, 2, 1])).add(rows.narrow(2, 3, 1).permute([0, 2, 1]));
    const relit = pixels.add(mixed).reshape(textures.shape);
    const gain = textures.mul(0).add(1);
    return { textures: relit, gain, bias: relit.sub(textures) };
  }

  parameters(): Parameter[] {
    return [];
  }
}
