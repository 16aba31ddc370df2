import { linearToSRGB } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { HostImage } from '../types.js';

/** A tensor [H, W], [H, W, 1] or [H, W, 3] as an image on the host. */
export async function hostImage(image: Tensor): Promise<HostImage> {
  const [height, width] = image.shape;
  const channels = image.rank === 3 && image.shape[2] === 3 ? 3 : 1;
  return { width, height, channels, data: Float32Array.from(await image.data()) };
}

/** |a - b| in 8-bit sRGB steps, mean over RGB, times a mask [H, W]: [H, W, 1]. */
export const errorImage = (a: Tensor, b: Tensor, mask: Tensor): Tensor =>
  linearToSRGB(a.clamp(0, 1))
    .sub(linearToSRGB(b.clamp(0, 1)))
    .abs()
    .mean(2, true)
    .mul(255)
    .mul(mask.unsqueeze(2));

/** The foreground over the background where the mask [H, W] is. */
export const over = (front: Tensor, back: Tensor, mask: Tensor): Tensor =>
  back.add(front.sub(back).mul(mask.unsqueeze(2)));
