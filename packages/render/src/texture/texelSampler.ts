import { expr } from '../engine.js';
import type { ExprFunction } from '../engine.js';
import { cubeRows, cubeTexel, cubeWeights } from './cube.js';
import { cornerRows, cornerWeights, texelRow } from './sample.js';
import type { TextureWrap } from './sample.js';

/** How places become texels: one of the borders of a picture, or the faces of a cube. */
export interface TexelSampler {
  readonly name: string;
  /** Numbers of a place: two texture coordinates, or a direction. */
  readonly components: 2 | 3;
  /** Pictures of a texture: 1, or the six faces of a cube. */
  readonly faces: 1 | 6;
  /** (at, width, height, stride) -> rows of the four texels around a place; faces begin `stride` rows apart. */
  readonly rows: ExprFunction;
  /** (at, size) -> their weights; its derivatives are those of bilinear interpolation. */
  readonly weights: ExprFunction;
  /** (at, width, height, stride) -> row of the texel that a place lies in. */
  readonly nearest: ExprFunction;
}

/** A picture has no second face: `stride` means nothing to it. */
const flatSampler = (wrap: TextureWrap): TexelSampler => ({
  ...({ name: wrap, components: 2, faces: 1 } as const),
  weights: cornerWeights[wrap],
  rows: expr`fn flatRows(at: vec2f, width: i32, height: i32, stride: i32) -> vec4i {
    return ${cornerRows[wrap]}(at, width, height);
  }`,
  nearest: expr`fn flatTexel(at: vec2f, width: i32, height: i32, stride: i32) -> i32 {
    return ${texelRow[wrap]}(at, width, height);
  }`,
});

export const texelSamplers: Readonly<Record<TextureWrap | 'cube', TexelSampler>> = {
  ...{ clamp: flatSampler('clamp'), repeat: flatSampler('repeat'), mirror: flatSampler('mirror') },
  cube: { name: 'cube', components: 3, faces: 6, rows: cubeRows, weights: cubeWeights, nearest: cubeTexel },
};
