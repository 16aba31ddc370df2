import { intrinsicsInCrop, landmarksInCrop, resample, type Crop, type Intrinsics } from '../crop/index.js';
import { pinhole, tensor } from '../engine.js';
import type { Camera, Tensor } from '../engine.js';
import type { LandmarkTargets } from '../losses/index.js';
import type { FitConfig } from './config.js';
import type { FaceContext } from './faceContext.js';
import type { FaceVariables } from './faceVariables.js';
import { curveTangents, landmarkCurves } from './pose/curves.js';
import type { LandmarkCurve } from './pose/curves.js';
import type { HostImage } from './types.js';

/** A crop of the photograph at one size, with the camera that saw it. */
export interface View {
  readonly size: number;
  readonly image: HostImage;
  /** [H, W, 3] linear RGB. */
  readonly photo: Tensor;
  /** At the origin, looking down -Z. */
  readonly camera: Camera;
  /** (fx, fy, cx, cy) in pixels of the crop. */
  readonly intrinsics: Intrinsics;
  /** [68 * 2] pixels of the crop. */
  readonly landmarks: Float32Array;
  readonly targets: LandmarkTargets;
}

/** The face of one photograph: its variables, some of which may be another photograph's too, and how it is seen. */
export interface ViewedFace {
  readonly context: FaceContext;
  readonly variables: FaceVariables;
  readonly view: View;
}

/** What a view is made from. */
export interface ViewSource {
  readonly image: HostImage;
  readonly crop: Crop;
  /** [68 * 2] pixels of the photograph. */
  readonly landmarks: ArrayLike<number>;
  /** Pixels of the photograph. */
  readonly focal: number;
}

/** How far landmarks may slide along their curves, [68]. */
function slides({ slide }: FitConfig['pose']): Float32Array {
  const values = new Float32Array(68);
  for (const [name, { from, to }] of Object.entries(landmarkCurves))
    values.fill(slide[name as LandmarkCurve], from, to + 1);
  return values;
}

/** The crop at `size` pixels a side. The principal point is the middle of the photograph. */
export function viewOf({ image, crop, landmarks, focal }: ViewSource, size: number, pose: FitConfig['pose']): View {
  const cropped = resample(image, crop, size, size);
  const inCrop = landmarksInCrop(landmarks, crop, size);
  const intrinsics = intrinsicsInCrop([focal, focal, image.width / 2, image.height / 2], crop, size);
  return {
    size,
    image: cropped,
    photo: tensor(cropped.data, [size, size, 3]),
    camera: pinhole({ width: size, height: size, near: 50, far: 10000, intrinsics: tensor([...intrinsics]) }),
    intrinsics,
    landmarks: inCrop,
    targets: {
      landmarks: tensor(inCrop, [68, 2]),
      tangents: tensor(Float32Array.from(curveTangents(inCrop)), [68, 2]),
      slide: tensor(slides(pose)),
      sigma: pose.landmarkSigma * Math.hypot(inCrop[72] - inCrop[90], inCrop[73] - inCrop[91]),
    },
  };
}
