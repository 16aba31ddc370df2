import type { Tensor } from '../engine.js';
import { maskedMeanOf } from './maskedMean.js';

/**
 * How far a texture is from its mirror image: the mean over texels of the sum of |A - flip(A)| over the channels. Shadows
 * fall on one side; faces have two alike. Shape [].
 *
 * Dib et al. 2021, E_s below eq. 3.
 *
 * @param texture [H, W, C].
 * @param options `mirror` [H * W] int32, the texel that shows the mirror image of each; by default left and right of the UV
 * square are exchanged. `weights` [H, W, 1] of the texels; all 1 if not given.
 */
export function symmetryTerm(texture: Tensor, options: { mirror?: Tensor; weights?: Tensor } = {}): Tensor {
  const { mirror, weights } = options;
  const [height, width, channels] = texture.shape;
  const flipped = mirror
    ? texture
        .reshape([height * width, channels])
        .indexSelect(0, mirror)
        .reshape(texture.shape)
    : texture.flip([1]);
  return maskedMeanOf(texture.sub(flipped).abs(), weights);
}
