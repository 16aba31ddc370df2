import { noGrad, pinhole, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { faceImage, faceView } from '../fit/result/faceImages.js';
import { hostImage } from '../fit/result/hostImages.js';
import type { HostImage } from '../fit/types.js';
import { posedFace } from '../scene/posedFace.js';
import { columnOf } from '../scene/surfaceImage.js';
import { tensorOf, valuesOf } from './fittedFace.js';
import type { FittedFace } from './fittedFace.js';

/** How a fitted face is shown. */
export interface RenderFittedFaceOptions {
  /**
   * The light in the camera's frame: [bands^2 * 3] SH coefficients of radiance (RGB interleaved), or a lat-long map of
   * radiance, linear RGB; the fitted one by default.
   */
  readonly light?: Float32Array | HostImage;
  /** Turns the head about the vertical axis instead of its fitted pose, radians; positive to the viewer's right. */
  readonly turn?: number;
  /** Pixels of the side (default: as it was fitted). */
  readonly size?: number;
  /** Samples per pixel of the shading (default 32). */
  readonly spp?: number;
  /** First of all random numbers (default 1). */
  readonly seed?: number;
}

/** Rows of the map that SH coefficients are sampled from. */
const lightHeight = 32;

const lightOf = (light: Float32Array | HostImage): Tensor =>
  light instanceof Float32Array ? tensor(light, [light.length / 3, 3]) : tensorOf(light);

/**
 * Path traces a fitted face under a light, with its shadows, through the camera of its fit: [size, size, 3] linear RGB on the
 * host, black where nothing is.
 */
export async function renderFittedFace(face: FittedFace, options: RenderFittedFaceOptions = {}): Promise<HostImage> {
  const { model, camera, textures } = face;
  const {
    size = camera.width,
    spp = 32,
    seed = 1,
    turn,
    light = Float32Array.from(valuesOf(face, 'light.sh')),
  } = options;
  const scale = size / camera.width;
  const intrinsics = tensor(camera.intrinsics.map((x) => x * scale));
  const vector = (name: string): Tensor => tensor(Float32Array.from(valuesOf(face, name)));
  const mesh = noGrad(() =>
    posedFace(model, {
      rotation: turn === undefined ? vector('pose.rotation') : tensor([0, turn, 0]),
      translation: vector('pose.translation'),
      identity: vector('identity'),
      blendshapes: vector('expression'),
    }),
  );
  const view = await faceView(
    model,
    mesh,
    lightOf(light),
    pinhole({ width: size, height: size, near: 50, far: 10000, intrinsics }),
    columnOf(model.data.mask),
    { spp, seed, lightHeight },
  );
  const { diffuse, specular } = textures;
  return hostImage(faceImage(view, { diffuse: tensorOf(diffuse), specular: tensorOf(specular) }));
}
