import { defineProgram, wgsl } from '../../../engine.js';
import type { HostTensor, Tensor } from '../../../engine.js';
import { largestCoordinate } from '../layout.js';
import { vertexCode } from '../refit.wgsl.js';

/** Bits of a code per axis. */
const axisBits = 10;
const cells = 2 ** axisBits;
/** The code of a triangle that no ray can hit: behind all others. */
const unusable = 0xffffffff;

/** Invocations that look for the bounds of all triangles. */
const sweepers = 2048;

/** Bounds of a triangle; `usable` is false where a vertex is not finite. */
export const triangleBoundsCode = wgsl`${vertexCode}
struct TriangleBounds { low: vec3f, high: vec3f, usable: bool }
fn boundsOfTriangle(triangle: u32) -> TriangleBounds {
  var low = vec3f(3.0e38);
  var high = -low;
  var usable = true;
  for (var k = 0u; k < corners; k++) {
    let p = positionOf(triangles[3u * triangle + k]);
    usable = usable && isUsable(p);
    low = min(low, p);
    high = max(high, p);
  }
  return TriangleBounds(low, high, usable);
}`;

/** Centre of a triangle's bounds, doubled. */
const centreCode = wgsl`${triangleBoundsCode}
struct Centre { doubled: vec3f, usable: bool }
fn centreOf(triangle: u32) -> Centre {
  let bounds = boundsOfTriangle(triangle);
  return Centre(bounds.low + bounds.high, bounds.usable);
}
// unsigned numbers in the order of floats
fn rankOf(x: f32) -> u32 { let b = bitcast<u32>(x); return b ^ select(0x80000000u, 0xffffffffu, (b >> 31u) != 0u); }
fn ofRank(r: u32) -> f32 { return bitcast<f32>(r ^ select(0xffffffffu, 0x80000000u, (r >> 31u) != 0u)); }`;

/** extent: greatest rank of the centres' coordinates, and greatest complement of one, which is that of the least. */
const extentCode = wgsl`${centreCode}
fn item(i: u32) {
  var high = vec3f(-3.0e38);
  var low = -high;
  for (var f = i; f < F; f += ${sweepers}u) {
    let centre = centreOf(f);
    if (centre.usable) { low = min(low, centre.doubled); high = max(high, centre.doubled); }
  }
  if (low.x > high.x) { return; }
  for (var axis = 0u; axis < corners; axis++) {
    atomicMax(&extent[axis], ~rankOf(low[axis]));
    atomicMax(&extent[3u + axis], rankOf(high[axis]));
  }
}`;

const codeCode = wgsl`${centreCode}
fn spread(x: u32) -> u32 {
  var v = (x | (x << 16u)) & 0x030000ffu;
  v = (v | (v << 8u)) & 0x0300f00fu;
  v = (v | (v << 4u)) & 0x030c30c3u;
  return (v | (v << 2u)) & 0x09249249u;
}
fn item(i: u32) {
  let centre = centreOf(i);
  if (!centre.usable) { codes[i] = ${unusable}u; return; }
  var low: vec3f;
  var side = 0.0;
  for (var axis = 0u; axis < corners; axis++) {
    low[axis] = ofRank(~atomicLoad(&extent[axis]));
    side = max(side, ofRank(atomicLoad(&extent[3u + axis])) - low[axis]);
  }
  let cell = min(vec3u((centre.doubled - low) * select(0.0, ${cells}.0 / side, side > 1e-30)), vec3u(${cells - 1}u));
  codes[i] = (spread(cell.x) << 2u) | (spread(cell.y) << 1u) | spread(cell.z);
}`;

const program = defineProgram({
  name: 'mortonCodes',
  inputs: { positions: 'f32[V, 3]', triangles: 'u32[F, 3]' },
  // corners is 3: a bound that the compiler does not know keeps its loops rolled
  options: { corners: 'u32' },
  outputs: ({ triangles }) => ({ codes: { dtype: 'u32', shape: [triangles.shape[0]] } }),
  scratch: () => ({ extent: { element: 'atomic<u32>', length: 6, zero: true } }),
  dispatches: ({ F }) => [
    { label: 'bvh extent', items: Math.min(F, sweepers), code: extentCode },
    { label: 'bvh codes', items: F, code: codeCode },
  ],
  reference: ({ positions, triangles }) => ({ codes: codesOnHost(positions, triangles) }),
});

/** In float32, as the cells are: a code is a decision, not a number with an error. */
function codesOnHost(positions: HostTensor, triangles: HostTensor): Uint32Array {
  const count = triangles.data.length / 3;
  const centres = Array.from({ length: count }, (_, f) => {
    const vertices = [0, 1, 2].map((k) =>
      [0, 1, 2].map((axis) => Math.fround(positions.data[3 * triangles.data[3 * f + k] + axis])),
    );
    if (!vertices.flat().every((x) => Math.abs(x) <= largestCoordinate)) return undefined;
    return [0, 1, 2].map((axis) => {
      const along = vertices.map((v) => v[axis]);
      return Math.fround(Math.min(...along) + Math.max(...along));
    });
  });
  const low = [Infinity, Infinity, Infinity];
  let side = 0;
  for (const centre of centres) centre?.forEach((x, axis) => (low[axis] = Math.min(low[axis], x)));
  for (const centre of centres) centre?.forEach((x, axis) => (side = Math.max(side, Math.fround(x - low[axis]))));
  const scale = side > 1e-30 ? Math.fround(cells / side) : 0;
  return Uint32Array.from(centres, (centre) => {
    if (!centre) return unusable;
    const cell = centre.map((x, axis) =>
      Math.min(Math.floor(Math.fround(Math.fround(x - low[axis]) * scale)), cells - 1),
    );
    let code = 0;
    for (let bit = axisBits - 1; bit >= 0; bit--) for (const c of cell) code = 2 * code + ((c >> bit) & 1);
    return code;
  });
}

/**
 * The order of triangles along a Morton curve (Morton 1966) through the centres of their bounds, 1024 cells along the
 * longest side: what is near in it is near in space. Triangles that no ray can hit come last; equal codes keep their order.
 *
 * @param positions [V, 3]
 * @param triangles [F, 3]
 * @returns [F] int32 numbers of triangles.
 */
export function mortonOrder(positions: Tensor, triangles: Tensor): Tensor {
  return program({ positions, triangles }, { corners: 3 }).codes.sort().indices;
}
