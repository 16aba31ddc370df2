import type { Parameter, Tensor } from '@chiaro/autograd';

/** What a light model is asked for: B textures. */
export interface LightInputs {
  /** [B, M, M, 3] fully lit, linear RGB. */
  readonly textures: Tensor;
  /** [L], one code of a whole clip, or [B, L]: light per group and colour, colour fastest; all ones is the full light. */
  readonly light: Tensor;
  /** [B, 3] the head's rotation in the frame of the lights, axis times angle, radians. */
  readonly rotations: Tensor;
  /** [B, 3] unit vectors from the head to the camera, in the head's frame. */
  readonly views: Tensor;
}

/** Textures in a light. Models without maps of their own, as a spherical harmonics light, give what they multiply and add. */
export interface Relit {
  /** [B, M, M, 3] */
  readonly textures: Tensor;
  /** [B, M, M, 3] g and b of eq. 2: textures = fully lit * gain + bias. */
  readonly gain: Tensor;
  readonly bias: Tensor;
}

/** How an avatar's fully lit texture looks in another light: G of eq. 2 and 3, or a baseline in its place. */
export interface LightModel {
  /** L, numbers of a light code. */
  readonly codeSize: number;
  /** Differentiable in all inputs and in the model's parameters. */
  relight(inputs: LightInputs): Relit;
  parameters(): Parameter[];
}

/** A light model that sees the frame: its code is the frame's, and not the clip's. */
export interface RegressedLight extends LightModel {
  /** Codes [B, L] of frames [B, S, S, 3], linear RGB. Differentiable in the model's parameters. */
  regress(photos: Tensor): Tensor;
}

/** Does the model see the frames? */
export const seesFrames = (model: LightModel): model is RegressedLight => 'regress' in model;

/** The light codes that frames [B, S, S, 3] are drawn with: the clip's [L], or [B, L] of a model that sees the frames. */
export const lightOfFrames = (model: LightModel, clip: Tensor, photos: Tensor): Tensor =>
  seesFrames(model) ? model.regress(photos) : clip;
