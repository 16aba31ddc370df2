import { bvhOf, evaluateSH, occlusion, tensor } from '../../engine.js';
import type { Mesh, Tensor } from '../../engine.js';
import { sphereDirections } from './solveLight.js';

/** How far rays start from the surface, mm: more than the mesh's own roughness, less than a nostril. */
const offset = 0.5;

/**
 * What each coefficient of distant light makes a Lambert surface of albedo 1 reflect at some vertices of a mesh, shadows
 * of the mesh itself included: [N, bands^2], the integral over the visible sky of Y_lm(w) max(0, n . w) / pi, from rays in
 * `directionCount` evenly spread directions. With it the light is a linear problem (Sloan, Kautz and Snyder 2002,
 * precomputed radiance transfer). Carries no gradient.
 *
 * @param mesh with `normals` and `rest`. @param vertices [N] int32.
 */
export function lightTransfer(mesh: Mesh, vertices: Tensor, directionCount = 256, bands = 9): Tensor {
  const count = vertices.shape[0];
  const directions = tensor(sphereDirections(directionCount));
  const normals = mesh.normals!.indexSelect(0, vertices).detach();
  const origins = mesh.positions.indexSelect(0, vertices).detach().add(normals.mul(offset));
  const cosine = normals.matmul(directions.transpose()).clamp(0);
  const all = [count, directionCount, 3];
  const blocked = occlusion(
    bvhOf(mesh),
    origins
      .unsqueeze(1)
      .expand(all)
      .reshape([count * directionCount, 3]),
    directions
      .unsqueeze(0)
      .expand(all)
      .reshape([count * directionCount, 3]),
  );
  const open = blocked.reshape([count, directionCount]).neg().add(1);
  return open
    .mul(cosine)
    .mul(4 / directionCount)
    .matmul(evaluateSH(directions, bands - 1));
}
