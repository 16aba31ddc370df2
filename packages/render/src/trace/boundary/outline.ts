import { parse } from '../../engine.js';
import { edgeKind } from './edgeTable.js';

/** Edges as a camera sees them, as expressions. Points are in the camera's frame: x right, y up, looking down -z. */
const { functions } = parse(`
  // Pixels times w, w (1 where rays are parallel), and the distance along the axis; k = (fx, fy, cx, cy).
  fn onFilm(v: vec3f, k: vec4f, parallel: bool) -> vec4f {
    let w = select(-v.z, 1.0, parallel);
    return vec4f(k.x * v.x + k.z * w, k.w * w - k.y * v.y, w, -v.z);
  }

  // the part [x, y] of a line from a to b where the coordinate is not negative
  fn clipped(range: vec2f, a: f32, b: f32) -> vec2f {
    let t = a / select(a - b, 1.0, a == b);
    let low = max(range.x, select(0.0, t, a < 0.0));
    let high = min(range.y, select(1.0, t, b < 0.0));
    return vec2f(select(low, 2.0, a < 0.0 && b < 0.0), high);
  }

  // Above 0 where a triangle runs against the clock as it is seen. Once for all its edges: what is seen edge on must not
  // be turned one way to one of them and the other way to another.
  fn turnOf(a: vec3f, b: vec3f, c: vec3f, parallel: u32) -> f32 {
    let e = b - a;
    let f = c - a;
    return select(dot(a, cross(e, f)), e.x * f.y - e.y * f.x, parallel != 0);
  }
  // whether a triangle is on the left of an edge as it is seen
  fn isLeft(turn: f32, backwards: bool) -> bool { return (turn >= 0.0) != backwards; }

  fn isTogether(a: vec3f, b: vec3f) -> bool {
    let d = a - b;
    return dot(d, d) <= 1e-10 * (dot(a, a) + dot(b, b));
  }

  fn areAtAngle(a: vec3f, b: vec3f, c: vec3f, d: vec3f) -> bool {
    let m = cross(b - a, c - a);
    let n = cross(d - a, b - a);
    return dot(m, n) < (1.0 - 1e-6) * sqrt(dot(m, m) * dot(n, n));
  }

  struct Seen { start: f32, end: f32, length: f32, share: f32 }
  // The part of an edge that is in view, its length on the film without distortion (0 if the edge is none that is seen),
  // and how much of its motion is that of the second triangle's vertices. Film: least x
  // and y, greatest x and y.
  fn seenEdge(a: vec3f, b: vec3f, a2: vec3f, b2: vec3f, c: vec3f, c2: vec3f, a3: vec3f, b3: vec3f,
              turns: vec2f, kind: u32, k: vec4f, film: vec4f, near: f32, parallel: u32) -> Seen {
    let isParallel = parallel != 0;
    let isJoint = (kind & ${edgeKind.joint}) != 0 && isTogether(a, a2) && isTogether(b, b2);
    let isBorder = (kind & ${edgeKind.border}) != 0 || ((kind & ${edgeKind.joint}) != 0 && !isJoint);
    let isRepeated = (kind & ${edgeKind.repeated}) != 0 && isTogether(a, a3) && isTogether(b, b3);
    let isOutline = isLeft(turns.x, (kind & ${edgeKind.firstBackwards}) != 0) == isLeft(turns.y, (kind & ${edgeKind.secondBackwards}) != 0);
    let jumps = (kind & ${edgeKind.seam}) != 0 || isJoint || ((kind & ${edgeKind.crease}) != 0 && areAtAngle(a, b, c, c2));
    let counts = !isRepeated && (isBorder || isOutline || jumps);

    let p = onFilm(a, k, isParallel);
    let q = onFilm(b, k, isParallel);
    var range = clipped(vec2f(0.0, 1.0), p.w - near, q.w - near);
    range = clipped(range, p.x - film.x * p.z, q.x - film.x * q.z);
    range = clipped(range, p.y - film.y * p.z, q.y - film.y * q.z);
    range = clipped(range, film.z * p.z - p.x, film.z * q.z - q.x);
    range = clipped(range, film.w * p.z - p.y, film.w * q.z - q.y);
    let isIn = counts && range.x < range.y;
    let s = p + range.x * (q - p);
    let e = p + range.y * (q - p);
    let way = e.xy / select(1.0, e.z, isIn) - s.xy / select(1.0, s.z, isIn);
    return Seen(range.x, range.y, select(0.0, length(way), isIn), select(0.0, 0.5, isJoint));
  }

  struct OnEdge { t: f32, x: f32, y: f32, across: vec2f }
  // The point at a share of an edge's length on the film: its place on the edge, its place on the film, and the unit vector
  // across the edge there.
  fn pointOnEdge(a: vec3f, b: vec3f, range: vec2f, share: f32, k: vec4f, parallel: u32) -> OnEdge {
    let p = onFilm(a, k, parallel != 0);
    let q = onFilm(b, k, parallel != 0);
    let s = p + range.x * (q - p);
    let e = p + range.y * (q - p);
    let inside = share * s.z / (share * s.z + (1.0 - share) * e.z);
    let at = s + inside * (e - s);
    let way = e.xy / e.z - s.xy / s.z;
    return OnEdge(range.x + inside * (range.y - range.x), at.x / at.z, at.y / at.z,
                  vec2f(-way.y, way.x) / max(length(way), 1e-30));
  }
`);

export const turnOf = functions.get('turnOf')!;
export const seenEdge = functions.get('seenEdge')!;
export const pointOnEdge = functions.get('pointOnEdge')!;
