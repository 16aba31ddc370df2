import { environmentFromSH, noGrad } from '../engine.js';
import type { Camera, Mesh, Scene, Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import { faceBsdf } from './posedFace.js';
import type { FaceTextures } from './posedFace.js';
import { interpolateImage, surfaceImage } from './surfaceImage.js';

/**
 * A face in distant light as a scene of the path tracer.
 * @param light [K, 3] SH coefficients of the radiance. @param height rows of the map that rays look the light up in.
 * @param normalMap [H, W, 3] encoded, tangent space; none if not given.
 */
export function litFace(
  model: MorphableModel,
  mesh: Mesh,
  textures: FaceTextures,
  light: Tensor,
  height: number,
  normalMap?: Tensor,
): Scene {
  return {
    shapes: [{ mesh, bsdf: faceBsdf(model, textures), ...(normalMap && { normalMap }) }],
    emitters: [environmentFromSH(light, { height, background: false })],
  };
}

/**
 * [H, W] where the face, and nothing of the head besides, covers the pixel: a mask of the vertices [V, 1], 0 at
 * silhouettes. Carries no gradient.
 */
export function facePixels(mesh: Mesh, camera: Camera, mask: Tensor): Tensor {
  return noGrad(() => {
    const image = surfaceImage(mesh, camera, 2);
    const inside = interpolateImage(image, mask, mesh.triangles).squeeze(2);
    const whole = image.hit.reshape([image.height, image.width, image.samples]).min(2);
    return inside.mul(whole);
  });
}
