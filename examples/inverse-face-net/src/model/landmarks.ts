import type { MultilinearModel } from './multilinearModel.js';
import { part } from './parameters.js';

/** Millimetres from the camera to the origin of the head: faces carry no translation, their crops make up for it. */
export const distance = 1000;

/** R = Rot_xyz(alpha, beta, gamma) of section 4.2, about x first, then y, then z of the camera: [9] by rows. */
export function rotationRows([alpha, beta, gamma]: ArrayLike<number> & Iterable<number>): number[] {
  const [ca, sa, cb, sb, cg, sg] = [alpha, beta, gamma].flatMap((a) => [Math.cos(a), Math.sin(a)]);
  return [
    ...[cg * cb, cg * sb * sa - sg * ca, cg * sb * ca + sg * sa],
    ...[sg * cb, sg * sb * sa + cg * ca, sg * sb * ca - cg * sa],
    ...[-sb, cb * sa, cb * ca],
  ];
}

/** The angles of a rotation by rows: the inverse of `rotationRows`, with beta in [-pi / 2, pi / 2]. */
export function eulerAngles(r: ArrayLike<number>): [number, number, number] {
  return [Math.atan2(r[7], r[8]), Math.asin(Math.min(1, Math.max(-1, -r[6]))), Math.atan2(r[3], r[0])];
}

/** Coefficients times modes at one number of a vertex list. */
function mixed(modes: Float32Array, size: number, weights: Float32Array, at: number): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) sum += weights[k] * modes[k * size + at];
  return sum;
}

/**
 * The 68 landmarks of a face before the camera, projected: [68 * 2] x / depth and y / depth, y downwards. Those of the
 * jaw are on the outline that the camera sees, as a detector finds them.
 */
export function projectedLandmarks(model: MultilinearModel, theta: Float32Array): Float32Array {
  const { base, layout, shape, expression } = model;
  const angles = part(theta, layout, 'rotation');
  const [s, e] = [part(theta, layout, 'shape'), part(theta, layout, 'expression')];
  const size = 3 * base.vertexCount;
  const r = rotationRows(angles);
  const { vertices, weights } = base.landmarkPoints({ pitch: angles[0], yaw: angles[1] });
  const result = new Float32Array(136);
  for (let i = 0; i < 68; i++) {
    const p = [0, 0, 0];
    for (let corner = 3 * i; corner < 3 * i + 3; corner++) {
      if (weights[corner] === 0) continue;
      for (let c = 0; c < 3; c++) {
        const at = 3 * vertices[corner] + c;
        const x = base.data.positions[at] + mixed(shape.vectors, size, s, at) + mixed(expression.vectors, size, e, at);
        p[c] += weights[corner] * x;
      }
    }
    const [x, y, z] = [0, 3, 6].map((row) => r[row] * p[0] + r[row + 1] * p[1] + r[row + 2] * p[2]);
    result[2 * i] = x / (distance - z);
    result[2 * i + 1] = -y / (distance - z);
  }
  return result;
}
