import type { Tensor } from '../engine.js';

/**
 * Mean over texels of the squared differences to the neighbours on the right and below, summed over channels: half of
 * the sum over the four neighbours of Dib et al. 2021, E_m below eq. 3, per texel. Shape [].
 *
 * @param texture [H, W, C]
 */
export function smoothnessTerm(texture: Tensor): Tensor {
  const [height, width] = texture.shape;
  const across = texture.narrow(1, 1, width - 1).sub(texture.narrow(1, 0, width - 1));
  const down = texture.narrow(0, 1, height - 1).sub(texture.narrow(0, 0, height - 1));
  return across
    .square()
    .sum()
    .add(down.square().sum())
    .div(height * width);
}
