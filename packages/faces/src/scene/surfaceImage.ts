import { arange, bvhOf, elementwise, expr, rayCast, sampleTexture, tensor } from '../engine.js';
import type { Camera, Mesh, Tensor } from '../engine.js';

/** What the camera sees of a mesh, by rays through the pixels, several to each. */
export interface SurfaceImage {
  readonly height: number;
  readonly width: number;
  /** Rays per pixel. */
  readonly samples: number;
  /** [H * W * samples] float32: 1 where the ray meets the mesh. */
  readonly hit: Tensor;
  /** [H * W * samples] int32 triangles, 0 where nothing is hit. */
  readonly triangles: Tensor;
  /** [H * W * samples, 3] weights of the corners, 0 where nothing is hit. */
  readonly barycentrics: Tensor;
  /** [H * W * samples, 2] texture coordinates. */
  readonly uv: Tensor;
}

const pixelOf = expr`
  fn pixelOf(ray: i32, width: i32, side: i32) -> vec2f {
    let count = side * side;
    let pixel = ray / count;
    let part = ray % count;
    let inside = (vec2f(f32(part % side), f32(part / side)) + 0.5) / f32(side);
    return vec2f(f32(pixel % width), f32(pixel / width)) + inside;
  }`;

/**
 * Casts side * side rays through every pixel, evenly spread over it, and keeps what they meet. Carries no gradient.
 *
 * @param mesh with `rest` positions and texture coordinates.
 */
export function surfaceImage(mesh: Mesh, camera: Camera, side = 2): SurfaceImage {
  const { height, width } = camera.size;
  const rays = camera.rays(elementwise(pixelOf, arange(height * width * side * side), width, side));
  const found = rayCast(bvhOf(mesh), rays.origins, rays.directions);
  const triangles = found.triangles.clamp(0);
  const uvs = mesh.uvs!.indexSelect(0, mesh.uvTriangles!.indexSelect(0, triangles).flatten()).reshape([-1, 3, 2]);
  return {
    height,
    width,
    samples: side * side,
    hit: found.triangles.ge(0).to('float32'),
    triangles,
    barycentrics: found.barycentrics,
    uv: uvs.mul(found.barycentrics.unsqueeze(2)).sum(1),
  };
}

/** Means over each pixel's hits of values per ray [H * W * samples, C] -> [H, W, C]; 0 where nothing is hit. */
function meanOfHits({ height, width, samples, hit }: SurfaceImage, values: Tensor): Tensor {
  const weights = hit.reshape([height, width, samples, 1]);
  const each = values.reshape([height, width, samples, -1]);
  return each.mul(weights).sum(2).div(weights.sum(2).clamp(1));
}

/** Values of the vertices [V, C] interpolated over the image: [H, W, C]. Differentiable in the values. */
export function interpolateImage(image: SurfaceImage, values: Tensor, triangles: Tensor): Tensor {
  const corners = values.indexSelect(0, triangles.indexSelect(0, image.triangles).flatten());
  const [rays, channels] = [image.triangles.size, values.shape[1]];
  return meanOfHits(image, corners.reshape([rays, 3, channels]).mul(image.barycentrics.unsqueeze(2)).sum(1));
}

/** A texture [H', W', C] as the camera sees it on the mesh: [H, W, C]. Differentiable in the texture. */
export const textureImage = (image: SurfaceImage, texture: Tensor): Tensor =>
  meanOfHits(image, sampleTexture(texture, image.uv));

/** [H, W] share of each pixel's rays that meet the mesh. */
export const coverage = ({ height, width, samples, hit }: SurfaceImage): Tensor =>
  hit.reshape([height, width, samples]).mean(2);

/** Per vertex [V] -> [V, 1] as a tensor. */
export const columnOf = (values: Float32Array): Tensor => tensor(values, [values.length, 1]);
