import type { Tensor } from '../../engine.js';
import type { Camera } from '../../camera/index.js';
import type { Mesh } from '../../geometry/index.js';
import { bvhOf, occlusion } from '../../trace/bvh/index.js';

/**
 * What the camera sees of the vertices of a mesh, [V]: 1, or 0 where the mesh itself stands between them, found by one ray
 * each. Carries no gradient. For `renderVertices({ visibility })`, which looks after vertices that face away or lie outside
 * of the image.
 *
 * @param tolerance triangles nearer to the vertex than this share of its distance do not hide it: its own do not, and
 * neither do those that rounding moves in front (default 1e-3).
 */
export function vertexVisibility(mesh: Mesh, camera: Camera, { tolerance = 1e-3 } = {}): Tensor {
  const { positions } = mesh;
  const eye = camera.pose.position;
  const blocked = occlusion(bvhOf(mesh), eye.expand(positions.shape), positions.sub(eye), { tMax: 1 - tolerance });
  return blocked.neg().add(1);
}
