import type { Tensor } from '@chiaro/autograd';
import { drawHeads, viewVectors, type DrawnHeads } from '../draw/drawHeads.js';
import type { Relit } from '../light/lightModel.js';
import type { HeadParameters } from './heads.js';
import type { LitSubject } from './subject.js';

/** A drawn avatar in a light, and what it was drawn of. */
export interface LitHeads extends DrawnHeads {
  readonly relit: Relit;
  /** [B, V, 3] mm, head's frame. */
  readonly positions: Tensor;
}

/** The avatar with heads p in a light l: what the tracker believes the frames look like. */
export function drawLit(
  { avatar, light: model, camera }: LitSubject,
  { codes, ...poses }: ReturnType<HeadParameters['poses']>,
  code: Tensor,
): LitHeads {
  const views = viewVectors(poses);
  const { positions, textures } = avatar.decode(codes, views);
  const relit = model.relight({ textures, light: code, rotations: poses.rotations, views });
  const drawn = drawHeads(avatar.mesh, { positions, textures: relit.textures }, poses, camera);
  return { ...drawn, relit, positions };
}

/** Differences from the four neighbours of [B, H, W, C], without the border. */
function laplacian(image: Tensor): Tensor {
  const [, height, width] = image.shape;
  const part = (y: number, x: number): Tensor => image.narrow(1, y, height - 2).narrow(2, x, width - 2);
  return part(0, 1).add(part(2, 1)).add(part(1, 0)).add(part(1, 2)).sub(part(1, 1).mul(4));
}

/**
 * L_pix of eq. 7: absolute residuals and, `weight` times, those of their Laplacian, within the drawn head. Means over each
 * frame's covered pixels and colours, and then over frames, in 8-bit steps (255 for white), so that the flow's 3.0 weighs pixels
 * squared against steps, and frames that are tracked side by side do not see each other. Outlines have no gradient of their own:
 * what is behind the head is not known, and a head that is lit wrongly would shrink.
 * @param photos [B, S, S, 3] linear RGB.
 */
export function pixelLoss({ images, coverage }: DrawnHeads, photos: Tensor, weight: number): Tensor {
  const mask = coverage.detach();
  const colours = images.div(coverage.maximum(1e-3));
  const residual = photos.sub(colours).mul(mask);
  const [, height, width] = photos.shape;
  const inner = mask.narrow(1, 1, height - 2).narrow(2, 1, width - 2);
  const of = (x: Tensor): Tensor => x.abs().sum([1, 2, 3]);
  const second = of(laplacian(residual).mul(inner)).mul(weight);
  return of(residual).add(second).div(of(mask).mul(3).maximum(1)).mean().mul(255);
}
