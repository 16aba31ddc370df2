import type { Parameter, Tensor } from '@chiaro/autograd';
import type { Mesh } from '@chiaro/render';

/** Faces that an avatar decodes, B of them. */
export interface DecodedFaces {
  /** [B, V, 3] mm in the head's frame: without rigid motion. */
  readonly positions: Tensor;
  /** [B, M, M, 3] the fully lit texture as seen from each view, linear RGB; row 0 is its top. */
  readonly textures: Tensor;
}

/** One person's appearance, eq. 1 of the paper: the decoder of a Deep Appearance Model. */
export interface Avatar {
  /** Z, numbers of an expression code; codes are about N(0, 1), and 0 is the mean face. */
  readonly codeSize: number;
  /** M, texels of a side. */
  readonly textureSize: number;
  /** Triangles, topology and texture coordinates of all decoded faces; its positions are the mean face's. */
  readonly mesh: Mesh;
  /**
   * The faces of expression codes [B, Z], seen along `views` [B, 3]: unit vectors from the head's origin to the camera, in the
   * head's frame. Differentiable in both. Positions do not depend on the view.
   */
  decode(codes: Tensor, views: Tensor): DecodedFaces;
  /** What it has learned: frozen in all that comes after its own training. */
  parameters(): Parameter[];
}
