import { Parameter, tensor, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import type { LandmarkCoefficients } from './pose/landmarkModel.js';
import { axisAngleOfRotation } from './pose/rotation.js';
import type { HostPose } from './pose/startPose.js';

/** Everything that a fit changes, as cells. */
export interface FaceVariables {
  /** [3] axis times angle, radians: head to camera. */
  readonly rotation: Parameter;
  /** [3] mm: the head's origin before the camera. */
  readonly translation: Parameter;
  /** [K] N(0, 1) */
  readonly identity: Parameter;
  /** [B] in [0, 1] */
  readonly blendshapes: Parameter;
  /** [max(A, 1)] N(0, 1); unused where the model has no albedo modes. */
  readonly albedo: Parameter;
  /** [2] N(0, 1) melanin, haemoglobin. */
  readonly tint: Parameter;
  /** [bands^2, 3] real orthonormal SH coefficients of the distant light's radiance, in the camera's frame. */
  readonly light: Parameter;
}

/** What the variables say, whether or not they are cells. */
export type FaceValues = Readonly<Record<keyof FaceVariables, Tensor>>;

/** Variables at the pose and shape that the landmarks gave; mean albedo, no light yet. */
export function faceVariables(
  model: MorphableModel,
  identityCount: number,
  lightBands: number,
  { pose, identity, expression }: LandmarkCoefficients & { readonly pose: HostPose },
): FaceVariables {
  const padded = Float32Array.from({ length: identityCount }, (_, k) => identity[k] ?? 0);
  return {
    rotation: new Parameter(tensor(axisAngleOfRotation(pose.rotation))),
    translation: new Parameter(tensor(Float32Array.from(pose.translation))),
    identity: new Parameter(tensor(padded)),
    blendshapes: new Parameter(tensor(Float32Array.from(expression))),
    albedo: new Parameter(zeros([Math.max(model.albedoCount, 1)])),
    tint: new Parameter(zeros([2])),
    light: new Parameter(zeros([lightBands ** 2, 3])),
  };
}
