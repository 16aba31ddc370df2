import type { Tensor } from '@chiaro/autograd';

/** Frames that nothing is known of but what can be seen, [B, S, S, C], linear RGB in 0..1. */
export interface FrameBatch {
  /** I_g of eq. 2, [B, S, S, 3]. */
  readonly image: Tensor;
  /** 1 on the face, else 0: [B, S, S, 1]. */
  readonly mask: Tensor;
  /** C of section 3.2, 1 on the lines: [B, S, S, 1]. */
  readonly contours: Tensor;
}

/** Pictures and what they are made of; maps are zero outside of the mask. */
export interface FaceBatch extends FrameBatch {
  /** A of eq. 1, [B, S, S, 3]. */
  readonly albedo: Tensor;
  /** N of eq. 1 in camera space, unit, +Y up, +Z towards the camera: [B, S, S, 3]. */
  readonly normals: Tensor;
  /** L of eq. 1, [B, 27]: radiance in Chiaro's convention, colour fastest. */
  readonly light: Tensor;
  /** R = I_g - I_l of eq. 2, zero in the local set: [B, S, S, 3]. */
  readonly residual: Tensor;
}

/** Frames i and j of one clip, or two synthetic faces of one identity. */
export interface PairBatch<T extends FrameBatch> {
  readonly i: T;
  readonly j: T;
}

/** What an AlignNet learns from: a map, albedo or normals, of one face in two poses or expressions, i and j. */
export interface MapPairBatch {
  /** [B, S, S, 3] */
  readonly mapI: Tensor;
  /** [B, S, S, 3] */
  readonly mapJ: Tensor;
  /** [B, S, S, 1] */
  readonly contoursI: Tensor;
  /** [B, S, S, 1] */
  readonly contoursJ: Tensor;
  /** [B, S, S, 1] */
  readonly maskI: Tensor;
  /** [B, S, S, 1] */
  readonly maskJ: Tensor;
}
