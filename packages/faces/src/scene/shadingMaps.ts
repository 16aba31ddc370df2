import { environment, environmentFromSH, ggx, lambert, pathTrace } from '../engine.js';
import type { Bsdf, Camera, Mesh, Tensor } from '../engine.js';
import { guidedMean } from './guidedMean.js';

/**
 * What a face reflects under a light, apart from its albedos. Direct light is linear in them, so
 *
 *   image = diffuse * shading + grazing + specular * gloss
 *
 * with Schlick's F = F0 + (1 - F0) (1 - c)^5 split into its two terms. All [H, W, 3], linear RGB, shadows included.
 */
export interface ShadingMaps {
  /** Irradiance over pi. */
  readonly shading: Tensor;
  /** The specular lobe at F0 = 0. */
  readonly grazing: Tensor;
  /** What the specular lobe gains per F0. */
  readonly gloss: Tensor;
}

/** How shading maps are made. */
export interface ShadingOptions {
  /** Samples per pixel of each of the three renders. */
  readonly spp: number;
  readonly seed: number;
  /** Rows of the light's map. */
  readonly lightHeight?: number;
  /** Unit normals [H, W, 3] and coverage [H, W] that guide the filter; without them the noise stays. */
  readonly guide?: { readonly normals: Tensor; readonly coverage: Tensor };
  /** [M, M, 3] encoded, tangent space: see `normalMap` of `@chiaro/render`; none if not given. */
  readonly normalMap?: Tensor | undefined;
}

/**
 * Path traces the shading of a face: three renders without any texture. Being without texture they may be filtered along
 * the surface, which takes most of the noise and no detail of the albedo.
 *
 * @param light [K, 3] SH coefficients, or a lat-long map [H, W, 3].
 */
export function shadingMaps(
  mesh: Mesh,
  light: Tensor,
  camera: Camera,
  roughness: number,
  options: ShadingOptions,
): ShadingMaps {
  const { spp, seed, lightHeight = 32, guide, normalMap } = options;
  const emitters = [
    light.rank === 3
      ? environment(light, { background: false })
      : environmentFromSH(light, { height: lightHeight, background: false }),
  ];
  const render = (bsdf: Bsdf, offset: number): Tensor => {
    const { image, mask } = pathTrace({ shapes: [{ mesh, bsdf, ...(normalMap && { normalMap }) }], emitters }, camera, {
      spp,
      seed: seed + offset,
    });
    return image.div(mask.unsqueeze(2).clamp(1 / spp)); // of the covered part
  };
  const lobe = (specular: number): Bsdf => ggx({ diffuse: 0, specular, roughness });
  const smooth = (image: Tensor, radius: number): Tensor =>
    guide ? guidedMean(image, guide.normals, guide.coverage, radius) : image;
  const shading = smooth(render(lambert({ albedo: 1 }), 0), 5);
  // equal random numbers, so that the difference of the two has little noise
  const grazing = smooth(render(lobe(0), 1), 3);
  const full = smooth(render(lobe(1), 1), 3);
  return { shading, grazing, gloss: full.sub(grazing) };
}

/** The image of albedos [H, W, 3] under shading maps. */
export const shaded = (maps: ShadingMaps, diffuse: Tensor, specular: Tensor): Tensor =>
  diffuse.mul(maps.shading).add(maps.grazing).add(specular.mul(maps.gloss));
