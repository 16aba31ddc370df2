import { derivatives, sampleAt } from './brightness.js';
import type { Plane } from './brightness.js';
import type { Field } from './patchSearch.js';

/** How a field is refined. */
export interface RefineOptions {
  /** Weight of smoothness against the pictures. */
  readonly smoothness: number;
  /** Times that the pictures are warped anew. */
  readonly warps: number;
  /** Sweeps of successive over-relaxation for each. */
  readonly sweeps: number;
}

/** Over-relaxation of the sweeps. */
const overRelaxation = 1.6;

/** Second derivatives (of logarithms, per pixel squared) below which there is nothing to hold on to. */
const weakest = 0.01;

/** Where the square root of robust terms becomes round, in pixels. */
const roundness = 0.03;

/** Derivative of sqrt(s + roundness^2) by s, twice. */
const robust = (s: number): number => 1 / Math.sqrt(s + roundness * roundness);

const constant = ({ width, height }: Plane, data: Float32Array): Plane => ({ width, height, data });

/** A field's values at the places where the displacements lead. */
function warped(plane: Plane, { u, v }: Field): Float32Array {
  const { width, height, data } = plane;
  return data.map((_, k) => sampleAt(data, width, height, (k % width) + u[k], Math.floor(k / width) + v[k]));
}

/**
 * Variational refinement: displacements under which gradients stay what they are (Brox et al. 2004, without the term of equal
 * brightness, which a change of light breaks), normalised by their own derivatives (Zimmer et al. 2011), and which change little
 * from pixel to pixel; robust in both. Fixed points of the linearised equations, by successive over-relaxation.
 */
export function refineFlow(from: Plane, to: Plane, start: Field, options: RefineOptions): Field {
  const { smoothness, warps, sweeps } = options;
  const { width, height } = from;
  const size = width * height;
  const before = derivatives(from);
  const after = derivatives(to);
  const [ofX, ofY] = [derivatives(constant(to, after.dx)), derivatives(constant(to, after.dy))];
  const u = Float32Array.from(start.u);
  const v = Float32Array.from(start.v);
  const [a11, a12, a22, b1, b2, smooth] = [0, 1, 2, 3, 4, 5].map(() => new Float32Array(size));
  for (let warp = 0; warp < warps; warp++) {
    const field = { u: Float32Array.from(u), v: Float32Array.from(v) };
    const [x, y, xx, xy, yx, yy] = [after.dx, after.dy, ofX.dx, ofX.dy, ofY.dx, ofY.dy].map((data) =>
      warped(constant(to, data), field),
    );
    for (let k = 0; k < size; k++) {
      const [right, below] = [k % width < width - 1 ? 1 : 0, k < size - width ? width : 0];
      const gradient =
        (u[k + right] - u[k]) ** 2 +
        (u[k + below] - u[k]) ** 2 +
        (v[k + right] - v[k]) ** 2 +
        (v[k + below] - v[k]) ** 2;
      smooth[k] = smoothness * robust(gradient);
      const [tx, ty] = [x[k] - before.dx[k], y[k] - before.dy[k]];
      const ownX = 1 / (xx[k] ** 2 + xy[k] ** 2 + weakest ** 2);
      const ownY = 1 / (yx[k] ** 2 + yy[k] ** 2 + weakest ** 2);
      const weight = robust(ownX * tx * tx + ownY * ty * ty);
      // the equations of the increment, written for the whole displacement
      const [sx, sy] = [weight * ownX, weight * ownY];
      const [rx, ry] = [tx - xx[k] * u[k] - xy[k] * v[k], ty - yx[k] * u[k] - yy[k] * v[k]];
      a11[k] = sx * xx[k] ** 2 + sy * yx[k] ** 2;
      a12[k] = sx * xx[k] * xy[k] + sy * yx[k] * yy[k];
      a22[k] = sx * xy[k] ** 2 + sy * yy[k] ** 2;
      b1[k] = -(sx * xx[k] * rx + sy * yx[k] * ry);
      b2[k] = -(sx * xy[k] * rx + sy * yy[k] * ry);
    }
    for (let sweep = 0; sweep < sweeps; sweep++) {
      for (let j = 0, k = 0; j < height; j++) {
        for (let i = 0; i < width; i++, k++) {
          // an edge's weight belongs to the pixel at its left or upper end
          const east = i < width - 1 ? smooth[k] : 0;
          const west = i > 0 ? smooth[k - 1] : 0;
          const south = j < height - 1 ? smooth[k] : 0;
          const north = j > 0 ? smooth[k - width] : 0;
          let [su, sv] = [b1[k], b2[k]];
          if (east > 0) {
            su += east * u[k + 1];
            sv += east * v[k + 1];
          }
          if (west > 0) {
            su += west * u[k - 1];
            sv += west * v[k - 1];
          }
          if (south > 0) {
            su += south * u[k + width];
            sv += south * v[k + width];
          }
          if (north > 0) {
            su += north * u[k - width];
            sv += north * v[k - width];
          }
          const around = east + west + south + north;
          u[k] += overRelaxation * ((su - a12[k] * v[k]) / (a11[k] + around) - u[k]);
          v[k] += overRelaxation * ((sv - a12[k] * u[k]) / (a22[k] + around) - v[k]);
        }
      }
    }
  }
  return { u, v };
}
