import { arange, elementwise, expr, sampleTexture } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { FaceModelData } from '../model/index.js';
import { bakeTexture } from '../model/uvBake.js';

/** What a face model says about the texels of its UV square. */
export interface FaceTexels {
  /** [H * W] the face mask at the texel, 0 where no triangle is. */
  readonly mask: Float32Array;
  /** [H * W] the texel that shows the mirror image of this one's place; itself where no triangle is. */
  readonly mirror: Int32Array;
}

/** Face mask and mirror images over a square of `size` texels, row 0 at v = 1. */
export function faceTexels({ uvs, uvTriangles, triangles, mask, mirror }: FaceModelData, size: number): FaceTexels {
  const layout = { uvs, uvTriangles };
  const uvRow = new Int32Array(mask.length).fill(-1);
  triangles.forEach((v, corner) => {
    if (uvRow[v] < 0) uvRow[v] = uvTriangles[corner];
  });
  const baked = bakeTexture(layout, { height: size, width: size, channels: 3 }, (corner, out) => {
    const v = triangles[corner];
    const t = uvRow[mirror[v]] < 0 ? uvTriangles[corner] : uvRow[mirror[v]];
    out.set([mask[v], uvs[2 * t], uvs[2 * t + 1]]);
  });
  const limit = (k: number): number => Math.min(Math.max(k, 0), size - 1);
  return {
    mask: Float32Array.from(baked.triangle, (triangle, k) => (triangle > 0 ? baked.values[3 * k] : 0)),
    mirror: Int32Array.from(baked.triangle, (triangle, k) => {
      if (triangle === 0) return k;
      const [u, v] = [baked.values[3 * k + 1], baked.values[3 * k + 2]];
      return limit(Math.floor((1 - v) * size)) * size + limit(Math.floor(u * size));
    }),
  };
}

const texelCentre = expr`
  fn texelCentre(i: i32, size: i32) -> vec2f {
    return (vec2f(f32(i % size), f32(size - 1 - i / size)) + 0.5) / f32(size);
  }`;

/** A texture at another size, [size, size, C], bilinear. */
export const resized = (texture: Tensor, size: number): Tensor =>
  sampleTexture(texture, elementwise(texelCentre, arange(size * size), size)).reshape([size, size, texture.shape[2]]);
