import type { Tensor } from '../../engine.js';
import type { Camera } from '../../camera/index.js';
import type { Mesh } from '../../geometry/index.js';
import { bvhOf, occlusion } from '../../trace/bvh/index.js';

/**
 * What the camera sees of the vertices of a mesh, [V] ([B, V] of several views): 1, or 0 where the mesh itself stands between them, found by one ray
 * each. Carries no gradient. For `renderVertices({ visibility })`, which looks after vertices that face away or lie outside
 * of the image.
 *
 * @param tolerance triangles nearer to the vertex than this share of its distance do not hide it: its own do not, and
 * neither do those that rounding moves in front (default 1e-3).
 */
export function vertexVisibility(mesh: Mesh, camera: Camera, { tolerance = 1e-3 } = {}): Tensor {
  const { positions } = mesh;
  const shape = [...(camera.views === undefined ? [] : [camera.views]), ...positions.shape];
  const eyes = camera.eyes(positions).expand(shape);
  const rows = (t: Tensor): Tensor => t.reshape([-1, 3]);
  const blocked = occlusion(bvhOf(mesh), rows(eyes), rows(positions.sub(eyes)), { tMax: 1 - tolerance });
  return blocked.neg().add(1).reshape(shape.slice(0, -1));
}
