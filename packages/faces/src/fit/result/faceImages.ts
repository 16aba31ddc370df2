import { elementwise, expr, lambert, noGrad, realize, renderAovs } from '../../engine.js';
import type { Camera, Mesh, Tensor } from '../../engine.js';
import type { MorphableModel } from '../../model/index.js';
import type { FaceTextures } from '../../scene/posedFace.js';
import { shaded, shadingMaps } from '../../scene/shadingMaps.js';
import type { ShadingMaps, ShadingOptions } from '../../scene/shadingMaps.js';
import { coverage, interpolateImage, surfaceImage, textureImage } from '../../scene/surfaceImage.js';
import type { SurfaceImage } from '../../scene/surfaceImage.js';

/** A face before a camera: geometry and shading, to which textures give an image. */
export interface FaceView {
  readonly surface: SurfaceImage;
  readonly maps: ShadingMaps;
  /** [H, W, 3] unit, in the camera's frame, those of a normal map if there is one; 0 off the head. */
  readonly normals: Tensor;
  /** [H, W] share of the pixel that the head covers. */
  readonly coverage: Tensor;
  /** [H, W] face mask, 0 where something else than the face is seen. */
  readonly face: Tensor;
}

const unit = expr`fn unit(v: vec3f) -> vec3f { return v * inverseSqrt(max(dot(v, v), 1e-12)); }`;

/** Casts and traces a posed face once, for any textures. Everything is computed when the promise is done. */
export async function faceView(
  model: MorphableModel,
  mesh: Mesh,
  light: Tensor,
  camera: Camera,
  mask: Tensor,
  options: Omit<ShadingOptions, 'guide'>,
): Promise<FaceView> {
  const view = noGrad(() => {
    const surface = surfaceImage(mesh, camera);
    const { normalMap } = options;
    const seen = normalMap
      ? renderAovs({ shapes: [{ mesh, bsdf: lambert({ albedo: 1 }), normalMap }] }, camera, { spp: surface.samples })
          .normal
      : interpolateImage(surface, mesh.normals!, mesh.triangles);
    const normals = elementwise(unit, seen);
    const covered = coverage(surface);
    const guide = { normals, coverage: covered };
    return {
      surface,
      normals,
      coverage: covered,
      face: interpolateImage(surface, mask, mesh.triangles).squeeze(2),
      maps: shadingMaps(mesh, light, camera, model.roughness, { ...options, guide }),
    };
  });
  const { surface, maps } = view;
  await realize(surface.hit, surface.uv, view.normals, view.coverage, view.face);
  await realize(maps.shading, maps.grazing, maps.gloss);
  return view;
}

/** The image of a face under its light: [H, W, 3] linear RGB, times coverage at the edge of the head. */
export function faceImage({ surface, maps, coverage: covered }: FaceView, { diffuse, specular }: FaceTextures): Tensor {
  return noGrad(() =>
    shaded(maps, textureImage(surface, diffuse), textureImage(surface, specular)).mul(covered.unsqueeze(2)),
  );
}
