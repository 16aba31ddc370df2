// Where a surface lies in a shadow that another part of it casts, and not in its own.
import { tensor } from '@chiaro/autograd';
import { interpolateImage, surfaceImage } from '@chiaro/faces';
import { bvhOf, occlusion } from '@chiaro/render';
import { lampDirections } from './lights.mjs';

/** Rays to the lamp start this far from the surface, mm. */
const offset = 1;

/**
 * [H * W] 1 where the surface at the pixel's centre is turned to a lamp (cosine above 0.1), but another part of the mesh
 * hides more than half of it.
 * @param mesh in the camera's frame, with normals and texture coordinates. @param lamp { direction, sharpness }.
 */
export async function castShadow(mesh, camera, lamp) {
  const { height, width } = camera.size;
  const centres = surfaceImage(mesh, camera, 1);
  const [places, normals] = [mesh.positions, mesh.normals].map((values) =>
    interpolateImage(centres, values, mesh.triangles).reshape([-1, 3]),
  );
  const bvh = bvhOf(mesh);
  const origins = places.add(normals.mul(offset));
  const blocked = lampDirections(lamp).map((direction) =>
    occlusion(bvh, origins, tensor(direction).expand([height * width, 3])),
  );
  const hidden = blocked.reduce((sum, one) => sum.add(one)).div(blocked.length);
  const [share, met, n] = await Promise.all([hidden.data(), centres.hit.data(), normals.data()]);
  return Uint8Array.from(share, (h, k) => {
    const [x, y, z] = n.subarray(3 * k, 3 * k + 3);
    const cosine = (lamp.direction[0] * x + lamp.direction[1] * y + lamp.direction[2] * z) / Math.hypot(x, y, z);
    return Number(met[k] > 0 && h > 0.5 && cosine > 0.1);
  });
}
