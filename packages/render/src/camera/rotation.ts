import { mat3 } from 'gl-matrix';
import type { ReadonlyQuat } from 'gl-matrix';
import { ShapeError, elementwise, parse, tensor } from '../engine.js';
import type { ExprFunction, Tensor } from '../engine.js';

/**
 * Rotations as tensors: matrices [..., 3, 3] that act on column vectors, active and right-handed, angles in radians. All
 * differentiable, also at the identity.
 */
export interface Rotation {
  /** [..., 3, 3] */
  readonly matrix: Tensor;
  /** Turns points or directions [..., N, 3] (or [3]): R p each. Leading dimensions broadcast. */
  apply(points: Tensor): Tensor;
  /** The opposite rotation. */
  inverse(): Rotation;
  /** This rotation after another one: R_this R_other. */
  after(other: Rotation): Rotation;
}

/** A rotation of matrices [..., 3, 3] (not checked for orthogonality). */
export function rotationOf(matrix: Tensor): Rotation {
  if (matrix.rank < 2 || matrix.shape.at(-1) !== 3 || matrix.shape.at(-2) !== 3) {
    throw new ShapeError(`rotation: a matrix must be [..., 3, 3], got [${matrix.shape.join(', ')}]`);
  }
  return {
    matrix,
    apply(points) {
      if (points.shape.at(-1) !== 3)
        throw new ShapeError(`rotation: points must be [..., 3], got [${points.shape.join(', ')}]`);
      return points.matmul(matrix.transpose());
    },
    inverse: () => rotationOf(matrix.transpose()),
    after: (other) => rotationOf(matrix.matmul(other.matrix)),
  };
}

/** Matrix [..., 3, 3] from an expression with a `Rows` result of nine numbers. */
function fromExpression(fn: ExprFunction, input: Tensor, width: number): Rotation {
  if (input.shape.at(-1) !== width) {
    throw new ShapeError(`${fn.name}: needs a last dimension of ${width}, got [${input.shape.join(', ')}]`);
  }
  return rotationOf(elementwise(fn, input).reshape([...input.shape.slice(0, -1), 3, 3]));
}

const rows = 'struct Rows { a: vec3f, b: vec3f, c: vec3f }\n';

const axisAngleRows = parse(`${rows}
  fn axisAngle(r: vec3f) -> Rows {
    let t2 = dot(r, r);
    let small = t2 < 1e-4;                                   // series there: the quotients are 0 / 0 at the identity
    let t = sqrt(select(t2, 1.0, small));
    let s = select(sin(t) / t, 1.0 - t2 / 6.0 + t2 * t2 / 120.0, small);
    let half = sin(0.5 * t) / t;
    let k = select(2.0 * half * half, 0.5 - t2 / 24.0 + t2 * t2 / 720.0, small);
    let c = 1.0 - k * t2;
    return Rows(vec3f(c + k * r.x * r.x, k * r.x * r.y - s * r.z, k * r.x * r.z + s * r.y),
                vec3f(k * r.x * r.y + s * r.z, c + k * r.y * r.y, k * r.y * r.z - s * r.x),
                vec3f(k * r.x * r.z - s * r.y, k * r.y * r.z + s * r.x, c + k * r.z * r.z));
  }`).entry;

/** Rotation by |r| radians about the axis r: r [..., 3]. Rodrigues' formula, by its series near the identity. */
export const axisAngle = (r: Tensor): Rotation => fromExpression(axisAngleRows, r, 3);

const quaternionRows = parse(`${rows}
  fn quaternion(q: vec4f) -> Rows {
    let k = 2.0 / dot(q, q);
    return Rows(vec3f(1.0 - k * (q.y * q.y + q.z * q.z), k * (q.x * q.y - q.w * q.z), k * (q.x * q.z + q.w * q.y)),
                vec3f(k * (q.x * q.y + q.w * q.z), 1.0 - k * (q.x * q.x + q.z * q.z), k * (q.y * q.z - q.w * q.x)),
                vec3f(k * (q.x * q.z - q.w * q.y), k * (q.y * q.z + q.w * q.x), 1.0 - k * (q.x * q.x + q.y * q.y)));
  }`).entry;

/** Rotation of a quaternion x, y, z, w (gl-matrix's order) of any length but 0: [..., 4], or a gl-matrix quat. */
export const quaternion = (q: Tensor | ReadonlyQuat): Rotation =>
  fromExpression(quaternionRows, 'length' in q ? tensor([...q]) : q, 4);

const sixRows = parse(`${rows}
  struct Six { a: vec3f, b: vec3f }
  fn rotation6D(v: Six) -> Rows {
    let x = normalize(v.a);
    let y = normalize(v.b - x * dot(x, v.b));
    let z = cross(x, y);
    return Rows(vec3f(x.x, y.x, z.x), vec3f(x.y, y.y, z.y), vec3f(x.z, y.z, z.z));
  }`).entry;

/**
 * Rotation whose first two columns are two vectors, orthonormalised: [..., 6]. Continuous over all rotations, made for
 * networks. Zhou et al. 2019, On the Continuity of Rotation Representations in Neural Networks, eq. 14.
 */
export const rotation6D = (v: Tensor): Rotation => fromExpression(sixRows, v, 6);

/** Orders of Euler angles: 'XYZ' is the matrix R_x R_y R_z, so that z turns first; about fixed axes. */
export type EulerOrder = 'XYZ' | 'XZY' | 'YXZ' | 'YZX' | 'ZXY' | 'ZYX';

/**
 * Rotation by angles about x, y and z: angles [..., 3] in radians, always in the order x, y, z. With the default order
 * 'XYZ' the matrix is R_x R_y R_z (three.js' 'XYZ').
 */
export function euler(angles: Tensor, order: EulerOrder = 'XYZ'): Rotation {
  if (angles.shape.at(-1) !== 3)
    throw new ShapeError(`euler: needs a last dimension of 3, got [${angles.shape.join(', ')}]`);
  const about = { X: [1, 0, 0], Y: [0, 1, 0], Z: [0, 0, 1] } as const;
  const turns = [...order].map((name) => axisAngle(angles.mul(tensor([...about[name as 'X' | 'Y' | 'Z']]))));
  return turns[0].after(turns[1]).after(turns[2]);
}

/** The rotation of a gl-matrix mat3 (column-major). */
export function fromMat3(m: mat3): Rotation {
  const t = mat3.transpose(mat3.create(), m);
  return rotationOf(tensor(Float32Array.from(t), [3, 3]));
}
