import { parse } from '../engine.js';
import { newtonStep } from '../camera/distortion.js';
import { perspectiveDirection, planeOfPixel } from '../camera/lens.js';

/** Rays of the camera and where they meet triangles, as expressions: what makes images differentiable in geometry and pose. */
const { functions } = parse(
  `
  struct Ray { o: vec3f, d: vec3f }
  fn rayOf(o: vec3f, d: vec3f) -> Ray { return Ray(o, d); }

  fn turned(a: vec4f, b: vec4f, c: vec4f, v: vec3f) -> vec3f { return vec3f(dot(a.xyz, v), dot(b.xyz, v), dot(c.xyz, v)); }

  // The ray of a point of the image in pixels. Rows of the camera: (fx, fy, cx, cy), then rotation and position by rows.
  fn cameraRay(k: vec4f, a: vec4f, b: vec4f, c: vec4f, pixel: vec2f) -> Ray {
    return Ray(vec3f(a.w, b.w, c.w), turned(a, b, c, perspectiveDirection(planeOfPixel(pixel, k))));
  }

  // The same of a camera of parallel rays.
  fn parallelRay(k: vec4f, a: vec4f, b: vec4f, c: vec4f, pixel: vec2f) -> Ray {
    let at = planeOfPixel(pixel, k);
    let o = vec3f(a.w, b.w, c.w) + turned(a, b, c, vec3f(at.x, -at.y, 0.0));
    return Ray(o, -vec3f(a.z, b.z, c.z));
  }

  // The same through a lens (k1, k2, p1, p2), (k3, ...); guess: the undistorted place, as a constant.
  fn lensRay(k: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f, e: vec4f, guess: vec2f, pixel: vec2f) -> Ray {
    let at = newtonStep(planeOfPixel(pixel, k), guess, d, e.x);
    return Ray(vec3f(a.w, b.w, c.w), turned(a, b, c, perspectiveDirection(at)));
  }

  struct Corners { a: vec3f, b: vec3f, c: vec3f }

  // The weights of the corners b and c where the ray meets the plane of the triangle. Moeller and Trumbore 1997.
  fn meetingPoint(o: vec3f, d: vec3f, a: vec3f, b: vec3f, c: vec3f) -> vec2f {
    let e = b - a;
    let f = c - a;
    let s = o - a;
    let p = cross(d, f);
    let inverse = 1.0 / dot(e, p);
    return vec2f(dot(s, p), dot(d, cross(s, e))) * inverse;
  }

  fn pointOf(w: vec2f, a: vec3f, b: vec3f, c: vec3f) -> vec3f { return a + w.x * (b - a) + w.y * (c - a); }

  fn uvOf(w: vec2f, a: vec2f, b: vec2f, c: vec2f) -> vec2f { return a + w.x * (b - a) + w.y * (c - a); }

  // the triangle's normal, of twice its area
  fn areaVector(a: vec3f, b: vec3f, c: vec3f) -> vec3f { return cross(b - a, c - a); }

  fn unitOr(v: vec3f, other: vec3f) -> vec3f {
    let s = dot(v, v);
    if (s <= 1e-30) { return other; }
    return v * inverseSqrt(s);
  }

  // The shading normal, on the side of the viewer by the triangle: interpolated, or the triangle's own.
  fn shadingNormal(w: vec2f, m: vec3f, n0: vec3f, n1: vec3f, n2: vec3f, flat: u32, side: f32) -> vec3f {
    let own = unitOr(m, vec3f(0.0, 0.0, 1.0));
    let smooth = unitOr((1.0 - w.x - w.y) * n0 + w.x * n1 + w.y * n2, own);
    return side * select(smooth, own, flat != 0);
  }

  // +1 where the direction comes to the front of the triangle
  fn sideOf(m: vec3f, d: vec3f) -> f32 { return select(-1.0, 1.0, dot(m, d) <= 0.0); }
  fn geometricNormal(m: vec3f, side: f32) -> vec3f { return side * unitOr(m, vec3f(0.0, 0.0, 1.0)); }

  fn tangentOf(w: vec2f, a: vec4f, b: vec4f, c: vec4f) -> vec4f {
    return vec4f(((1.0 - w.x - w.y) * a + w.x * b + w.y * c).xyz, select(-1.0, 1.0, (a.w + b.w + c.w) >= 0.0));
  }

  fn towards(start: vec3f, end: vec3f) -> vec3f { return unitOr(end - start, vec3f(0.0, 0.0, 1.0)); }
  fn opposite(d: vec3f) -> vec3f { return -d; }
`,
  { uses: [newtonStep, perspectiveDirection, planeOfPixel] },
);

const get = (name: string) => functions.get(name)!;
export const rayOf = get('rayOf');
export const unitOr = get('unitOr');
export const cameraRay = get('cameraRay');
export const parallelRay = get('parallelRay');
export const lensRay = get('lensRay');
export const meetingPoint = get('meetingPoint');
export const pointOf = get('pointOf');
export const uvOf = get('uvOf');
export const areaVector = get('areaVector');
export const shadingNormal = get('shadingNormal');
export const sideOf = get('sideOf');
export const geometricNormal = get('geometricNormal');
export const tangentOf = get('tangentOf');
export const opposite = get('opposite');
export const towards = get('towards');
