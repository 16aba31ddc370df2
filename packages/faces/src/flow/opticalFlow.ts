import { ShapeError } from '../engine.js';
import type { HostImage } from '../fit/types.js';
import { logLuminance, pyramidOf, sampleAt } from './brightness.js';
import type { Plane } from './brightness.js';
import { patchSearch } from './patchSearch.js';
import type { Field, PatchOptions } from './patchSearch.js';
import { refineFlow } from './refine.js';
import type { RefineOptions } from './refine.js';

/** How the flow is found; what is given replaces the default. */
export interface OpticalFlowOptions extends Partial<PatchOptions>, Partial<RefineOptions> {
  /** Pixels of the shorter side of the coarsest level, at most; 24 if not given. Smaller finds longer ways. */
  readonly coarsest?: number;
}

const defaults = { patch: 8, stride: 4, steps: 16, smoothness: 1, warps: 8, sweeps: 8, coarsest: 24 } as const;

/** A field for a picture twice as large: bilinear, and twice as long. */
function enlarged(field: Field, small: Plane, large: Plane): Field {
  const at = (data: Float32Array): Float32Array =>
    Float32Array.from({ length: large.width * large.height }, (_, k) => {
      const [x, y] = [k % large.width, Math.floor(k / large.width)];
      return 2 * sampleAt(data, small.width, small.height, (x + 0.5) / 2 - 0.5, (y + 0.5) / 2 - 0.5);
    });
  return { u: at(field.u), v: at(field.v) };
}

/**
 * Dense optical flow between two pictures of one size, on the host: dense inverse search (Kroeger, Timofte, Dai, Van Gool, Fast
 * Optical Flow using Dense Inverse Search, ECCV 2016) on a pyramid of log luminance, patches of 8 x 8 that overlap by half,
 * refined on each level. A brighter or darker picture has the same flow.
 * @param from linear RGB or luminance, 8 x 8 pixels at least. @param to of the same size.
 * @returns [H, W, 2] where each pixel of `from` lies in `to`, as displacement to the right and downwards in pixels. Where it is
 *   hidden in `to` the numbers mean nothing: see {@link consistentFlow}.
 * @throws ShapeError for other shapes or sizes, or options that are no positive numbers; FormatError for pictures with NaN.
 */
export function opticalFlow(from: HostImage, to: HostImage, options: OpticalFlowOptions = {}): Float32Array {
  const chosen = { ...defaults, ...options };
  for (const [name, value] of Object.entries(chosen)) {
    if (!(value > 0) || (name !== 'smoothness' && !Number.isInteger(value)))
      throw new ShapeError(
        `opticalFlow: ${name} is a positive number${name === 'smoothness' ? '' : ', whole'}, got ${value}`,
      );
  }
  const [a, b] = [logLuminance(from), logLuminance(to)];
  const { width, height } = a;
  if (b.width !== width || b.height !== height || Math.min(width, height) < 8)
    throw new ShapeError(
      `opticalFlow: needs two pictures of one size of 8 x 8 pixels at least, got ${width} x ${height} and ${b.width} x ${b.height}`,
    );
  const levels = 1 + Math.max(0, Math.ceil(Math.log2(Math.min(width, height) / chosen.coarsest)));
  const [fine, target] = [pyramidOf(a, levels), pyramidOf(b, levels)];
  const none = (): Float32Array => new Float32Array(fine[levels - 1].data.length);
  let field: Field = { u: none(), v: none() };
  for (let level = levels - 1; level >= 0; level--) {
    if (level < levels - 1) field = enlarged(field, fine[level + 1], fine[level]);
    field = patchSearch(fine[level], target[level], field, chosen);
    field = refineFlow(fine[level], target[level], field, chosen);
  }
  const flow = new Float32Array(2 * width * height);
  for (let k = 0; k < width * height; k++) {
    flow[2 * k] = field.u[k];
    flow[2 * k + 1] = field.v[k];
  }
  return flow;
}
