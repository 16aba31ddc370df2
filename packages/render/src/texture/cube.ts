import { expr } from '../engine.js';

/**
 * A direction on the cube: where its ray meets a face, times the distance of that face (x to the right, y downwards as one
 * looks at the face's picture), that distance, and the number of the face. Faces and their pictures are those of graphics
 * APIs: +X, -X, +Y, -Y, +Z, -Z. A direction of length zero is the middle of the first face.
 */
const onCube = expr`
  fn onCube(d: vec3f) -> vec4f {
    let a = abs(d);
    let isX = a.x >= a.y && a.x >= a.z;
    let isY = !isX && a.y >= a.z;
    let major = select(select(d.z, d.y, isY), d.x, isX);
    let turn = select(1.0, -1.0, major < 0.0);
    let right = select(select(turn * d.x, d.x, isY), -turn * d.z, isX);
    let down = select(-d.y, turn * d.z, isY);
    let face = select(select(4.0, 2.0, isY), 0.0, isX) + select(0.0, 1.0, major < 0.0);
    return vec4f(right, down, select(abs(major), 1.0, major == 0.0), face);
  }`;

/** The same backwards: the point of a face. All numbers of texels are exact in it. */
const faceToPoint = expr`
  fn faceToPoint(face: f32, right: f32, down: f32, major: f32) -> vec3f {
    let axis = floor(0.5 * face);
    let turn = 1.0 - 2.0 * (face - 2.0 * axis);
    let x = vec3f(turn * major, -down, -turn * right);
    let y = vec3f(right, turn * major, turn * down);
    let z = vec3f(turn * right, -down, turn * major);
    return select(select(z, y, vec3<bool>(axis == 1.0)), x, vec3<bool>(axis == 0.0));
  }`;

/** Place on its face of n x n texels, texel centres at whole numbers. */
const placeOnFace = expr`
  fn placeOnFace(at: vec3f, n: f32) -> vec2f {
    let p = ${onCube}(at);
    return (p.xy / p.z + vec2f(1.0)) * (0.5 * n) - vec2f(0.5);
  }`;

/**
 * Row of a texel that may lie one beyond the border of its face: then it is the neighbour face's across that edge. The cube
 * has a half width of n steps, so that texel centres are whole numbers; what lies beyond an edge is folded round it. Texels
 * beyond two edges do not exist: they give that beyond one of them.
 */
const foldedRow = expr`
  fn foldedRow(face: f32, column: f32, row: f32, n: f32, stride: i32) -> i32 {
    let p = 2.0 * column + 1.0 - n;
    let isBeside = abs(p) > n;
    let q = select(2.0 * row + 1.0 - n, 2.0 * clamp(row, 0.0, n - 1.0) + 1.0 - n, isBeside);
    let isFolded = isBeside || abs(q) > n;
    let point = ${faceToPoint}(face, clamp(p, -n, n), clamp(q, -n, n), select(n, n - 1.0, isFolded));
    let goal = ${onCube}(point);
    let at = (goal.xy + vec2f(n - 1.0)) * 0.5;
    return i32(goal.w) * stride + i32(at.y) * i32(n) + i32(at.x);
  }`;

/**
 * Rows of the four texels around a direction among those of a cube map, whose faces begin `stride` rows apart: left,
 * right, then those of the next row.
 */
export const cubeRows = expr`
  fn cubeRows(at: vec3f, width: i32, height: i32, stride: i32) -> vec4i {
    let n = f32(width);
    let face = ${onCube}(at).w;
    let low = clamp(floor(${placeOnFace}(at, n)), vec2f(-1.0), vec2f(n - 1.0));
    let high = low + vec2f(1.0);
    return vec4i(
      ${foldedRow}(face, low.x, low.y, n, stride), ${foldedRow}(face, high.x, low.y, n, stride),
      ${foldedRow}(face, low.x, high.y, n, stride), ${foldedRow}(face, high.x, high.y, n, stride));
  }`;

/** Row of the texel that a direction lies in. */
export const cubeTexel = expr`
  fn cubeTexel(at: vec3f, width: i32, height: i32, stride: i32) -> i32 {
    let n = f32(width);
    let p = clamp(floor(${placeOnFace}(at, n) + vec2f(0.5)), vec2f(0.0), vec2f(n - 1.0));
    return i32(${onCube}(at).w) * stride + i32(p.y) * width + i32(p.x);
  }`;

/**
 * Weights of the four texels of `cubeRows`. At a corner of the cube three meet: the share of the one that is missing goes
 * to them in equal parts, so that the result is continuous all over the cube.
 */
export const cubeWeights = expr`
  fn cubeWeights(at: vec3f, size: vec2f) -> vec4f {
    let p = ${placeOnFace}(at, size.x);
    let low = floor(p);
    let t = p - low;
    let w = vec4f((1.0 - t.x) * (1.0 - t.y), t.x * (1.0 - t.y), (1.0 - t.x) * t.y, t.x * t.y);
    let l = select(0.0, 1.0, low.x < 0.0);
    let r = select(0.0, 1.0, low.x > size.x - 1.5);
    let u = select(0.0, 1.0, low.y < 0.0);
    let d = select(0.0, 1.0, low.y > size.y - 1.5);
    let missing = vec4f(l * u, r * u, l * d, r * d);
    return w * (vec4f(1.0) - missing) + (vec4f(1.0) - missing) * (dot(w, missing) / 3.0);
  }`;

/**
 * Level of detail of a cube map of n x n texels a face: the logarithm of the longest diameter, in texels, of the ellipse of
 * directions that a pixel sees. Measured by angle, with texels of their mean size at that place of the face, so that
 * it does not jump at edges. `dx` and `dy` are the derivatives of the direction.
 */
export const cubeDetail = expr`
  fn cubeDetail(at: vec3f, dx: vec3f, dy: vec3f, n: f32) -> f32 {
    let square = dot(at, at);
    let isNone = square == 0.0;
    let inverse = 1.0 / select(square, 1.0, isNone);
    let scale = 0.5 * n * sqrt(inverse);
    let p = (dx - at * (dot(at, dx) * inverse)) * scale;
    let q = (dy - at * (dot(at, dy) * inverse)) * scale;
    let a = abs(at);
    let major = max(max(a.x, a.y), a.z);
    let slant = square / select(major * major, 1.0, isNone);
    let half = 0.5 * (dot(p, p) - dot(q, q));
    let mixed = dot(p, q);
    let longest = 0.5 * (dot(p, p) + dot(q, q)) + sqrt(max(half * half + mixed * mixed, 1e-30));
    return 0.5 * log2(max(longest, 1e-12)) + 0.75 * log2(max(slant, 1.0));
  }`;

/** The direction of the middle of texel number i of a cube map of n x n texels a face, of any length. */
export const cubeTexelDirection = expr`
  fn cubeTexelDirection(i: i32, n: i32) -> vec3f {
    let texel = i % (n * n);
    let right = f32(2 * (texel % n) + 1 - n);
    let down = f32(2 * (texel / n) + 1 - n);
    return ${faceToPoint}(f32(i / (n * n)), right, down, f32(n));
  }`;
