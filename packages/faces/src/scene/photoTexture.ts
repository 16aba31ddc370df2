import { ShapeError, bvhOf, elementwise, expr, faceNormals, occlusion, sampleImage, tensor } from '../engine.js';
import type { Camera, Mesh, Tensor } from '../engine.js';
import type { FaceModelData } from '../model/index.js';
import { bakeTexture } from '../model/uvBake.js';
import { pullPush } from './pullPush.js';
import { faceTexels } from './texels.js';

/** Where on the surface the texels of a face's UV square lie. Depends on the model only: made once. */
export interface TexelPlaces {
  /** Texels of a side. */
  readonly size: number;
  /** [S * S] int32 triangles, 0 where no triangle is. */
  readonly triangles: Tensor;
  /** [S * S, 3] weights of the corners; 1, 0, 0 where no triangle is. */
  readonly weights: Tensor;
  /** [S * S] float32, 1 where a triangle is. */
  readonly covered: Tensor;
  /** [S * S] int32, the texel that shows the mirror image of the place; itself where no triangle is. */
  readonly mirror: Tensor;
}

/**
 * The places of a square of `size` texels, row 0 at v = 1. Where triangles share a texel the last one has it.
 * @throws ShapeError unless `size` is a power of two.
 */
export function texelPlaces(model: FaceModelData, size: number): TexelPlaces {
  if (size < 1 || !Number.isInteger(Math.log2(size))) {
    throw new ShapeError(`texelPlaces: the size must be a power of two, got ${size}`);
  }
  const baked = bakeTexture(model, { height: size, width: size, channels: 3 }, (corner, out) => {
    out.fill(0)[corner % 3] = 1;
  });
  // a point of the surface for texels without, so that their rays are rays
  baked.triangle.forEach((f, texel) => (baked.values[3 * texel] += Number(f === 0)));
  return {
    size,
    triangles: tensor(Int32Array.from(baked.triangle, (f) => Math.max(f - 1, 0))),
    weights: tensor(baked.values, [size * size, 3]),
    covered: tensor(Float32Array.from(baked.triangle, (f) => Number(f > 0))),
    mirror: tensor(faceTexels(model, size).mirror),
  };
}

/** A photograph in the UV square of a face. */
export interface PhotoTexture {
  /** [S, S, 3] the photograph's colours; what it does not show is filled. */
  readonly texture: Tensor;
  /** [S, S, 1] 1 where the photograph shows the texel. */
  readonly visible: Tensor;
  /** [S, S, 1] 1 where it shows the mirror image of the texel only. */
  readonly mirrored: Tensor;
}

const facing = expr`
  fn facing(p: vec3f, normal: vec3f, eye: vec3f) -> f32 { return dot(normal, normalize(eye - p)); }`;

const seenBy = expr`
  fn seenBy(pixel: vec3f, size: vec2f, cosine: f32, least: f32, blocked: f32, covered: f32) -> f32 {
    let inside = all(pixel.xy >= vec2f(0.0)) && all(pixel.xy <= size) && pixel.z > 0.0;
    return select(0.0, covered, inside && cosine > least && blocked == 0.0);
  }`;

/**
 * Projects a photograph into the UV square of a face whose geometry and camera are known: every texel gets the colour,
 * bilinear, where its place on the surface lies in the image. It is visible where that lies inside of the image, the
 * triangle faces the camera by more than `leastCosine`, and no other part of the mesh is on the ray to it. Hidden texels get
 * the colour of their mirror image on the face, where that is visible, and all that is left, texels between the charts
 * too, is filled smoothly from both (`pullPush`).
 *
 * Differentiable in the photograph and, at visible texels, in positions and camera; which texels are visible is constant.
 * As the input of a network that also moves the face, give detached positions and a detached camera: else the network
 * could improve its input by moving the mesh. The projection of Dib et al. 2022 (S2F2), section 3.4, which does not say
 * how hidden texels are filled.
 *
 * @param photo [H, W, 3] linear RGB, of the camera's size.
 * @param mesh of the model of `places`, with `rest` positions.
 * @param leastCosine between the triangle's normal and the direction to the camera: 0.1, where one texel is stretched to
 * the length of ten.
 * @param tolerance as in `vertexVisibility`: 1e-3.
 * @throws ShapeError for a photograph of another size, or a camera of several views.
 * @example
 * const places = texelPlaces(model.data, 256);
 * const { texture, visible } = photoTexture(photo, posedFace(model, pose), camera, places);
 */
export function photoTexture(
  photo: Tensor,
  mesh: Mesh,
  camera: Camera,
  { size, triangles, weights, covered, mirror }: TexelPlaces,
  { leastCosine = 0.1, tolerance = 1e-3 } = {},
): PhotoTexture {
  const { height, width } = camera.size;
  const [h, w, channels] = photo.shape;
  if (photo.rank !== 3 || h !== height || w !== width || channels !== 3) {
    throw new ShapeError(`photoTexture: needs a photograph [${height}, ${width}, 3], got [${photo.shape.join(', ')}]`);
  }
  if (camera.views !== undefined) {
    throw new ShapeError(`photoTexture: one view at a time, got a camera of ${camera.views}`);
  }
  const corners = tensor(Int32Array.from(mesh.topology.triangles), [mesh.topology.triangleCount, 3]);
  const rows = corners.indexSelect(0, triangles).flatten();
  const points = mesh.positions.indexSelect(0, rows).reshape([-1, 3, 3]).mul(weights.unsqueeze(2)).sum(1);
  const pixels = camera.toPixels(points);

  const eyes = camera.eyes(points).expand(points.shape).detach();
  const normals = faceNormals(mesh.positions, corners).indexSelect(0, triangles);
  const cosine = elementwise(facing, points, normals, eyes);
  const blocked = occlusion(bvhOf(mesh), eyes, points.sub(eyes), { tMax: 1 - tolerance });
  const seen = elementwise(seenBy, pixels, tensor([width, height]), cosine, leastCosine, blocked, covered).detach();

  const isSeen = seen.gt(0).unsqueeze(1);
  const inside = pixels.narrow(1, 0, 2).where(isSeen, 0); // behind the camera there are no pixels
  const colours = sampleImage(photo, inside).where(isSeen, 0);
  const instead = seen.indexSelect(0, mirror).mul(covered).mul(seen.neg().add(1));
  const both = colours.add(colours.indexSelect(0, mirror).mul(instead.unsqueeze(1)));
  const image = (t: Tensor): Tensor => t.reshape([size, size, -1]);
  return {
    texture: pullPush(image(both), image(seen.add(instead))),
    visible: image(seen),
    mirrored: image(instead),
  };
}
