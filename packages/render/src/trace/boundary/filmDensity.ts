import { elementwise, jvp, parse, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { Camera } from '../../camera/index.js';
import { meetingPoint, pointOf } from '../primary.js';
import type { Corners } from './stillScene.js';

const { functions } = parse(
  `
  fn seenPoint(o: vec3f, d: vec3f, a: vec3f, b: vec3f, c: vec3f) -> vec3f {
    return pointOf(meetingPoint(o, d, a, b, c), a, b, c);
  }
  // from how a point moves along the two axes of the image
  fn perArea(x: vec3f, y: vec3f) -> f32 { return 1.0 / max(length(cross(x, y)), 1e-30); }
`,
  { uses: [meetingPoint, pointOf] },
);

/** Pixels per area of the triangles that a camera sees at places [N, 2] of its image: [N]. A constant. */
export function pixelsPerArea(camera: Camera, places: Tensor, corners: Corners): Tensor {
  const seen = (p: Tensor): Tensor => {
    const { origins, directions } = camera.rays(p);
    return elementwise(functions.get('seenPoint')!, origins.expand([places.shape[0], 3]), directions, ...corners);
  };
  const along = (way: readonly number[]): Tensor => jvp(seen, places, tensor([...way]).expand(places.shape))[1];
  return elementwise(functions.get('perArea')!, along([1, 0]), along([0, 1])).detach();
}
