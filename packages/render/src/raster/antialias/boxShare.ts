import { expr, jvpOf, makeFunction, vjpOf } from '../../engine.js';
import type { StructType } from '../../engine.js';

/**
 * How much of a pixel's square lies inside of an edge, beyond what its centre says: the edge's addend to the covered area.
 *
 * Walk from the centre to a point of the square, first up or down, then across. Wherever the walk passes the outline, inside
 * and outside change places. So the area inside is what the centre sees, plus for each edge what lies across of it seen from
 * the centre's column, plus, if the edge passes that column, what lies above or below of it: all in closed form, and a
 * sum over edges, whatever they do within the pixel.
 *
 * Seen along the edge from a to b the inside is to the left on the screen. `half` is (width, -height) / 2, `at` the centre in
 * clip space with w = 1.
 */
export const boxShare = expr`
  fn boxShare(a: vec4f, b: vec4f, at: vec2f, half: vec2f) -> f32 {
    let p = (a.xy / a.w - at) * half;
    let q = (b.xy / b.w - at) * half;
    let d = q - p;
    // integral over rows of the width that lies beyond: 1/2 - |x|, towards the side of x
    let first = clamp(p.y, -0.5, 0.5);
    let last = clamp(q.y, -0.5, 0.5);
    let slope = d.x / select(d.y, 1.0, d.y == 0.0);
    let s = p.x + (first - p.y) * slope;
    let t = p.x + (last - p.y) * slope;
    let m = min(abs(s), 0.5);
    let n = min(abs(t), 0.5);
    let isOneSided = (s < 0.0) == (t < 0.0) && max(abs(s), abs(t)) <= 0.5;
    let change = select((n - m) / select(t - s, 1.0, isOneSided || t == s), select(1.0, -1.0, s < 0.0), isOneSided);
    let across = (last - first) * change * (0.5 - 0.5 * (m + n));
    // the rest of the square beyond the crossing of the centre's column
    let isCrossed = (p.x < 0.0) != (q.x < 0.0);
    let y = p.y - p.x * (d.y / select(1.0, d.x, isCrossed));
    let beyond = select(1.0, -1.0, y < 0.0) * (0.5 - min(abs(y), 0.5));
    return across + select(0.0, select(-beyond, beyond, d.x < 0.0), isCrossed);
  }`;

const byEnds = boxShare.inputs.map((_, k) => k < 8);

/** Its tangent: further parameters are the tangents of the eight coordinates of the ends. */
export const boxTangent = jvpOf(boxShare, byEnds);

const derived = vjpOf(boxShare, byEnds);

/** What `boxGradient` gives, for both ends. */
export const boxGradientResult: StructType = {
  name: 'BoxGradient',
  members: ['a', 'b'].map((name) => ({ name, type: 'vec4f' as const })),
};

/** Its gradient: the last parameter is the share's. */
export const boxGradient = makeFunction(
  { name: 'boxGradient', params: derived.params, result: boxGradientResult },
  derived.graph,
  derived.inputs,
  derived.outputs,
);
