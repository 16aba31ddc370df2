import { derivatives, sampleAt } from './brightness.js';
import type { Plane } from './brightness.js';

/** Displacements of every pixel, right and downwards, in pixels. */
export interface Field {
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/** How patches are laid and moved. */
export interface PatchOptions {
  /** Side of a patch in pixels. */
  readonly patch: number;
  /** Pixels from one patch to the next. */
  readonly stride: number;
  /** Gauss-Newton steps at most. */
  readonly steps: number;
}

/** Differences (of logarithms) that weigh alike in the mean over patches. */
const sameDifference = 0.01;

/** A step shorter than this (pixels) is the last. */
const shortStep = 0.01;

/** Corners of patches along a side: every `stride` pixels, and one at the end. */
function corners(length: number, patch: number, stride: number): number[] {
  const last = Math.max(0, length - patch);
  const places = Array.from({ length: Math.ceil(last / stride) }, (_, k) => k * stride);
  return [...places, last];
}

/**
 * One level of dense inverse search (Kroeger, Timofte, Dai, Van Gool, ECCV 2016): every patch of `from` looks for its place in
 * `to` by Gauss-Newton steps whose derivatives are those of the patch, taken once; means are taken out of both sides. A patch
 * that moves farther than its side from where it started, or has no texture, stays where it started. A pixel's displacement is
 * the mean over the patches that cover it, those that match worse weigh less.
 * @param start where patches start, of the size of the pictures.
 */
export function patchSearch(from: Plane, to: Plane, start: Field, { patch, stride, steps }: PatchOptions): Field {
  const { width, height } = from;
  const { dx, dy } = derivatives(from);
  const [u, v, weights] = [0, 1, 2].map(() => new Float32Array(width * height));
  const [side, down] = [Math.min(patch, width), Math.min(patch, height)];
  const count = side * down;
  const [gx, gy, template, seen] = [0, 1, 2, 3].map(() => new Float32Array(count));
  for (const top of corners(height, down, stride)) {
    for (const left of corners(width, side, stride)) {
      let [meanX, meanY, mean] = [0, 0, 0];
      for (let j = 0, n = 0; j < down; j++) {
        for (let i = 0; i < side; i++, n++) {
          const k = (top + j) * width + left + i;
          gx[n] = dx[k];
          gy[n] = dy[k];
          template[n] = from.data[k];
          meanX += gx[n] / count;
          meanY += gy[n] / count;
          mean += template[n] / count;
        }
      }
      let [xx, xy, yy] = [0, 0, 0];
      for (let n = 0; n < count; n++) {
        gx[n] -= meanX;
        gy[n] -= meanY;
        template[n] -= mean;
        xx += gx[n] * gx[n];
        xy += gx[n] * gy[n];
        yy += gy[n] * gy[n];
      }
      const middle = (top + (down >> 1)) * width + left + (side >> 1);
      const [u0, v0] = [start.u[middle], start.v[middle]];
      /** Differences at a displacement, means taken out; their mean square. */
      const compare = (du: number, dv: number): number => {
        let [sum, square] = [0, 0];
        for (let j = 0, n = 0; j < down; j++) {
          for (let i = 0; i < side; i++, n++) {
            seen[n] = sampleAt(to.data, width, height, left + i + du, top + j + dv);
            sum += seen[n];
          }
        }
        for (let n = 0; n < count; n++) {
          seen[n] -= sum / count + template[n];
          square += seen[n] * seen[n];
        }
        return square / count;
      };
      const determinant = xx * yy - xy * xy;
      let best = { u: u0, v: v0, error: compare(u0, v0) };
      // along an edge one of two directions is unknown: such a patch keeps its start
      if (determinant > 1e-4 * (xx + yy) ** 2 && xx + yy > 1e-4 * count) {
        let [a, b] = [u0, v0];
        for (let step = 0; step < steps; step++) {
          let [bx, by] = [0, 0];
          for (let n = 0; n < count; n++) {
            bx += gx[n] * seen[n];
            by += gy[n] * seen[n];
          }
          const [stepX, stepY] = [(yy * bx - xy * by) / determinant, (xx * by - xy * bx) / determinant];
          a -= stepX;
          b -= stepY;
          if (Math.hypot(a - u0, b - v0) > patch) break;
          const error = compare(a, b);
          if (error < best.error) best = { u: a, v: b, error };
          if (Math.hypot(stepX, stepY) < shortStep) break;
        }
      }
      compare(best.u, best.v);
      for (let j = 0, n = 0; j < down; j++) {
        for (let i = 0; i < side; i++, n++) {
          const k = (top + j) * width + left + i;
          const weight = 1 / Math.max(sameDifference, Math.abs(seen[n]));
          weights[k] += weight;
          u[k] += weight * best.u;
          v[k] += weight * best.v;
        }
      }
    }
  }
  for (let k = 0; k < weights.length; k++) {
    u[k] /= weights[k];
    v[k] /= weights[k];
  }
  return { u, v };
}
