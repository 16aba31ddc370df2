import type { ReadonlyVec3 } from 'gl-matrix';
import { elementwise, parse } from '../engine.js';
import type { Tensor } from '../engine.js';
import { toTensor } from './camera.js';
import type { Pose } from './camera.js';
import { rotationOf } from './rotation.js';

/**
 * The pose of a camera at `eye` that looks at `target`, with `up` (+Y by default) upwards. Each is [3], or [B, 3] for the
 * poses of B views. Differentiable in all.
 */
export function lookAt(
  eye: Tensor | ReadonlyVec3,
  target: Tensor | ReadonlyVec3,
  up: Tensor | ReadonlyVec3 = [0, 1, 0],
): Pose {
  const position = toTensor(eye);
  const rows = elementwise(lookRows, position, toTensor(target), toTensor(up));
  return { rotation: rotationOf(rows.reshape([...rows.shape.slice(0, -1), 3, 3])), position };
}

const lookRows = parse(`struct Rows { a: vec3f, b: vec3f, c: vec3f }
  fn lookAt(eye: vec3f, goal: vec3f, up: vec3f) -> Rows {
    let z = normalize(eye - goal);
    let x = normalize(cross(up, z));
    let y = cross(z, x);
    return Rows(vec3f(x.x, y.x, z.x), vec3f(x.y, y.y, z.y), vec3f(x.z, y.z, z.z));
  }`).entry;
