import { elementwise, expr, type Tensor } from '@chiaro/autograd';
import { Module } from '@chiaro/nn';
import { shading } from '../sphericalHarmonics.js';

/** What an image is taken apart into; maps are [B, S, S, 3]. */
export interface Decomposition {
  /** A, linear RGB, without bounds. */
  readonly albedo: Tensor;
  /** N as networks store it, (n + 1) / 2, of any length. */
  readonly storedNormals: Tensor;
  /** N, unit. */
  readonly normals: Tensor;
  /** L in SfSNet's convention, [B, 27]. */
  readonly light: Tensor;
  /** f(N, L) */
  readonly shading: Tensor;
  /** I_l = A f(N, L), eq. 1. */
  readonly local: Tensor;
  /** R of eq. 2; undefined for a network without. */
  readonly residual: Tensor | undefined;
  /** I_g = I_l + R, eq. 2; without R, I_l. */
  readonly image: Tensor;
}

/** A network that takes images apart. */
export abstract class Decomposer extends Module {
  /** @param image I_g, [B, S, S, 3], linear RGB in 0..1. */
  abstract decompose(image: Tensor): Decomposition;

  /** Images [B, 3, S, S] as the network sees them again: I_g, eq. 2. */
  override forward(x: Tensor): Tensor {
    return toPlanes(this.decompose(toPixels(x)).image);
  }
}

/** [B, S, S, C] -> [B, C, S, S], as layers take it. */
export const toPlanes = (x: Tensor): Tensor => x.permute([0, 3, 1, 2]);

/** [B, C, S, S] -> [B, S, S, C] */
export const toPixels = (x: Tensor): Tensor => x.permute([0, 2, 3, 1]);

const reciprocal = expr`fn reciprocal(squares: f32) -> f32 { return inverseSqrt(max(squares, 1e-8)); }`;

/** Unit normals of stored ones, [..., 3]. */
export function unitNormals(stored: Tensor): Tensor {
  const n = stored.mul(2).sub(1);
  return n.mul(elementwise(reciprocal, n.square().sum(-1, true)));
}

/** Unit normals, as networks store them, [..., 3]. */
export const storedOf = (normals: Tensor): Tensor => normals.add(1).div(2);

/** A decomposition from what networks give: eq. 1 and 2. */
export function compose(albedo: Tensor, storedNormals: Tensor, light: Tensor, residual?: Tensor): Decomposition {
  const normals = unitNormals(storedNormals);
  const shade = shading(normals, light);
  const local = albedo.mul(shade);
  const image = residual ? local.add(residual) : local;
  return { albedo, storedNormals, normals, light, shading: shade, local, residual, image };
}
