import { concat, ones, tensor, type Tensor } from '@chiaro/autograd';
import { antialias, axisAngle, interpolate, pinhole, rasterize, texture, type Mesh } from '@chiaro/render';

/** The camera of all images of a set: at the origin, along -Z, mm. */
export interface HeadCamera {
  /** Pixels of a side. */
  readonly size: number;
  /** In pixels; the principal point is the middle. */
  readonly focal: number;
}

/** Where B heads are: camera point = rotation * head point + translation. */
export interface HeadPoses {
  /** [B, 3] axis times angle, radians. */
  readonly rotations: Tensor;
  /** [B, 3] mm */
  readonly translations: Tensor;
}

/** Images of heads. */
export interface DrawnHeads {
  /** [B, S, S, 3] linear RGB; black behind the heads. */
  readonly images: Tensor;
  /** [B, S, S, 1] how much of each pixel is head. */
  readonly coverage: Tensor;
}

/** The one camera as the renderer has it. */
export const pinholeOf = ({ size, focal }: HeadCamera) =>
  pinhole({
    ...{ width: size, height: size, near: 50, far: 5000 },
    intrinsics: tensor([focal, focal, size / 2, size / 2]),
  });

/** Head points [B, V, 3] in the camera's frame. */
export const posed = (positions: Tensor, { rotations, translations }: HeadPoses): Tensor =>
  axisAngle(rotations).apply(positions).add(translations.unsqueeze(1));

/** Unit vectors [B, 3] from the heads' origins to the camera, in the heads' frames: vv of eq. 1. */
export function viewVectors({ rotations, translations }: HeadPoses): Tensor {
  const toCamera = axisAngle(rotations).inverse().apply(translations.neg().unsqueeze(1)).squeeze(1);
  return toCamera.div(toCamera.square().sum(1, true).sqrt());
}

/**
 * R of eq. 4: textured heads by the differentiable rasterizer, antialiased, so that outlines carry gradients too.
 * Differentiable in positions [B, V, 3], textures [B, M, M, 3] and poses. Textures are the light that the head sends out: no
 * light is applied.
 */
export function drawHeads(
  mesh: Mesh,
  faces: { readonly positions: Tensor; readonly textures: Tensor },
  poses: HeadPoses,
  camera: HeadCamera,
): DrawnHeads {
  const clip = pinholeOf(camera).project(posed(faces.positions, poses));
  const hit = rasterize(clip, mesh.triangles, { width: camera.size, height: camera.size });
  const uv = interpolate(mesh.uvs!, hit, mesh.uvTriangles!).value;
  const colours = texture(faces.textures, uv, { filter: 'bilinear' });
  const covered = ones([...hit.triangles.shape, 1]);
  const both = concat([colours, covered], 3).where(hit.mask, 0);
  const smooth = antialias(both, hit, clip, mesh.topology);
  return { images: smooth.narrow(3, 0, 3), coverage: smooth.narrow(3, 3, 1) };
}
