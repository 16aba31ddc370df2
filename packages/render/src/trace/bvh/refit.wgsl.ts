import { wgsl } from '../../engine.js';
import type { WgslModule } from '../../engine.js';
import {
  childWord,
  gridWord,
  idWord,
  largestCoordinate,
  nodeRows,
  nodeWords,
  rowWords,
  triangleWords,
  validWord,
} from './layout.js';

/** Bounds of nothing: lower above upper. */
const nothing = '3.0e38';

const positionCode = wgsl`
fn positionOf(vertex: u32) -> vec3f {
  return vec3f(positions[3u * vertex], positions[3u * vertex + 1u], positions[3u * vertex + 2u]);
}`;

/** WGSL: `positionOf(vertex)` and `isUsable(p)`, whether rays may hit what has a corner there. */
export const vertexCode = wgsl`${positionCode}
fn isUsable(p: vec3f) -> bool {
  // not finite: by bits, since comparisons with NaN may be folded away
  let finite = (bitcast<vec3u>(p) & vec3u(0x7f800000u)) != vec3u(0x7f800000u);
  return all(finite) && all(abs(p) <= vec3f(${largestCoordinate}));
}`;

/**
 * Writes triangle i of the leaves, its vertices in place of their numbers.
 * @param names declares `fn vertexOf(i: u32, k: u32) -> u32` and `fn numberOf(i: u32) -> u32`: the vertices of the triangle, and
 *   its number in the mesh.
 */
export const triangleCode = (names: WgslModule): WgslModule => wgsl`${vertexCode}${names}
fn item(i: u32) {
  let at = firstTriangle + i * ${triangleWords}u;
  var usable = true;
  for (var k = 0u; k < corners; k++) {
    let p = positionOf(vertexOf(i, k));
    usable = usable && isUsable(p);
    bvh[at + 3u * k] = bitcast<u32>(p.x);
    bvh[at + 3u * k + 1u] = bitcast<u32>(p.y);
    bvh[at + 3u * k + 2u] = bitcast<u32>(p.z);
  }
  for (var k = 0u; k < 3u * corners && !usable; k++) { bvh[at + k] = 0u; }
  bvh[at + ${idWord}u] = numberOf(i);
  bvh[at + ${validWord}u] = u32(usable);
  bvh[at + ${triangleWords - 1}u] = 0u;
}`;

/** `triangleCode` for the triangles of a topology. */
export const topologyTriangles = triangleCode(wgsl`
fn vertexOf(i: u32, k: u32) -> u32 { return topology[firstTriangle + i * ${triangleWords}u + k]; }
fn numberOf(i: u32) -> u32 { return topology[firstTriangle + i * ${triangleWords}u + ${idWord}u]; }`);

const boxType = wgsl`
struct Box { low: vec3f, high: vec3f }`;

/**
 * WGSL: `fn writeBounds(at: u32, given: ChildBoxes) -> Box`, words 0-9 of the node at word `at` from the bounds of its children, and
 * the bounds of all of them. Places without a child hold `nothing`, which is also where `noBoxes` begins.
 */
export const boundsCode = wgsl`${boxType}
struct ChildBoxes { lowX: vec4f, lowY: vec4f, lowZ: vec4f, highX: vec4f, highY: vec4f, highZ: vec4f }
fn noBoxes() -> ChildBoxes {
  let low = vec4f(${nothing});
  return ChildBoxes(low, low, low, -low, -low, -low);
}
struct Sides { exponent: u32, low: u32, high: u32 }
fn bytesOf(v: vec4f) -> u32 {
  let b = vec4u(clamp(v, vec4f(), vec4f(255.0)));
  return b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u);
}
fn sidesOf(origin: f32, top: f32, low: vec4f, high: vec4f) -> Sides {
  // the power of two above extent / 255; the factor is a little larger than 1 / 255
  let exponent = clamp((bitcast<u32>((top - origin) * 0.003921573) >> 23u) + 1u, 1u, 253u);
  let perStep = bitcast<f32>((254u - exponent) << 23u);
  return Sides(exponent, bytesOf(floor((low - origin) * perStep)), bytesOf(ceil((high - origin) * perStep)));
}
fn least(v: vec4f) -> f32 { return min(min(v.x, v.y), min(v.z, v.w)); }
fn greatest(v: vec4f) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn writeBounds(at: u32, given: ChildBoxes) -> Box {
  let low = vec3f(least(given.lowX), least(given.lowY), least(given.lowZ));
  let high = vec3f(greatest(given.highX), greatest(given.highY), greatest(given.highZ));
  let origin = select(vec3f(), low, low <= high);
  let top = select(vec3f(), high, low <= high);
  let x = sidesOf(origin.x, top.x, given.lowX, given.highX);
  let y = sidesOf(origin.y, top.y, given.lowY, given.highY);
  let z = sidesOf(origin.z, top.z, given.lowZ, given.highZ);
  let hittable = dot(select(vec4u(), vec4u(1u, 2u, 4u, 8u), given.lowX <= given.highX), vec4u(1u));
  bvh[at] = bitcast<u32>(origin.x);
  bvh[at + 1u] = bitcast<u32>(origin.y);
  bvh[at + 2u] = bitcast<u32>(origin.z);
  bvh[at + ${gridWord}u] = x.exponent | (y.exponent << 8u) | (z.exponent << 16u) | (hittable << 24u);
  bvh[at + 4u] = x.low; bvh[at + 5u] = y.low; bvh[at + 6u] = z.low;
  bvh[at + 7u] = x.high; bvh[at + 8u] = y.high; bvh[at + 9u] = z.high;
  return Box(low, high);
}`;

const boxCode = wgsl`${boxType}
fn leafBox(child: u32) -> Box {
  let first = ${rowWords}u * (child & 0x07ffffffu);
  let vertices = 3u * ((child >> 27u) & 15u);
  var box = Box(vec3f(${nothing}), vec3f(-${nothing}));
  for (var v = 0u; v < vertices; v++) {
    let triangle = first + v / 3u * ${triangleWords}u;
    let at = triangle + v % 3u * 3u;
    let p = vec3f(bitcast<f32>(bvh[at]), bitcast<f32>(bvh[at + 1u]), bitcast<f32>(bvh[at + 2u]));
    if (bvh[triangle + ${validWord}u] != 0u) { box = Box(min(box.low, p), max(box.high, p)); }
  }
  return box;
}
fn nodeBox(child: u32) -> Box {
  let at = child / ${nodeRows}u * 6u;
  return Box(vec3f(boxes[at], boxes[at + 1u], boxes[at + 2u]), vec3f(boxes[at + 3u], boxes[at + 4u], boxes[at + 5u]));
}`;

/** Writes node firstNode + i, whose children that are nodes have been written. */
export const nodeCode = wgsl`${boxCode}${boundsCode}
fn item(i: u32) {
  let at = (firstNode + i) * ${nodeWords}u;
  var found = noBoxes();
  let children = topology[at + ${gridWord}u];
  for (var k = 0u; k < children; k++) {
    let child = topology[at + ${childWord}u + k];
    var box: Box;
    if ((child & 0x80000000u) != 0u) { box = leafBox(child); } else { box = nodeBox(child); }
    found.lowX[k] = box.low.x; found.lowY[k] = box.low.y; found.lowZ[k] = box.low.z;
    found.highX[k] = box.high.x; found.highY[k] = box.high.y; found.highZ[k] = box.high.z;
  }
  for (var k = ${childWord}u; k < ${nodeWords}u; k++) { bvh[at + k] = topology[at + k]; }
  let all_ = writeBounds(at, found);
  let b = (firstNode + i) * 6u;
  boxes[b] = all_.low.x; boxes[b + 1u] = all_.low.y; boxes[b + 2u] = all_.low.z;
  boxes[b + 3u] = all_.high.x; boxes[b + 4u] = all_.high.y; boxes[b + 5u] = all_.high.z;
}`;
