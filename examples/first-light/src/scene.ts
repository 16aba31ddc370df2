import { expr } from '@chiaro/tensor';
import { vjp } from '@chiaro/tensor/expr';

/**
 * A still life on a table before a wall, in metres, +Y up: plaster casts, a gilded ring, a red ball. `distance` gives
 * the distance to the nearest surface.
 */
const plaster = expr`
  fn box(p: vec3f, half: vec3f, rounding: f32) -> f32 {
    let q = abs(p) - half + rounding;
    return length(max(q, vec3f(0.0))) + min(max(q.x, max(q.y, q.z)), 0.0) - rounding;
  }

  fn cylinder(p: vec3f, radius: f32, half: f32, rounding: f32) -> f32 {
    let q = vec2f(length(p.xz) - radius, abs(p.y) - half) + rounding;
    return length(max(q, vec2f(0.0))) + min(max(q.x, q.y), 0.0) - rounding;
  }

  // apex at 0, opening downwards; angle holds sine and cosine of half the opening
  fn cone(p: vec3f, angle: vec2f, height: f32) -> f32 {
    let q = vec2f(length(p.xz), p.y);
    return max(dot(q, angle.yx), -height - p.y);
  }

  fn turned(p: vec3f, cosine: f32, sine: f32) -> vec3f {
    return vec3f(cosine * p.x - sine * p.z, p.y, sine * p.x + cosine * p.z);
  }

  fn plaster(p: vec3f) -> f32 {
    let sphere = length(p - vec3f(-0.62, 0.55, 0.10)) - 0.55;
    let cube = box(turned(p - vec3f(0.80, 0.46, -0.35), 0.83, 0.56), vec3f(0.46), 0.035);
    let column = cylinder(p - vec3f(0.02, 0.80, -1.05), 0.34, 0.80, 0.03);
    let spire = cone(p - vec3f(-1.55, 1.35, -0.75), vec2f(0.38, 0.925), 1.35) - 0.015;
    return min(min(sphere, cube), min(column, spire));
  }`;

const ring = expr`
  fn ring(p: vec3f) -> f32 {
    let q = p - vec3f(0.33, 0.13, 0.88);
    return length(vec2f(length(q.xz) - 0.36, q.y)) - 0.13;
  }`;

const ball = expr`fn ball(p: vec3f) -> f32 { return length(p - vec3f(1.18, 0.22, 0.62)) - 0.22; }`;

/** The nearest of all surfaces; the table is y = 0, the wall z = -2.1. */
const distance = expr`
  fn distance(p: vec3f) -> f32 {
    return min(min(${plaster}(p), ${ring}(p)), min(${ball}(p), min(p.y, p.z + 2.1)));
  }`;

/** The surface normal is the derivative of the distance: derived from its text, not written. */
const gradient = vjp(distance, [true, true, true]);

/** Red, green and blue of one light path through pixel (x, y): two bounces, lit by a lamp to the left and a dim sky. */
export const lightPath = expr`
  const FAR = 12.0;
  const LAMP_AREA = 1.44;

  fn hash(v: u32) -> u32 {                       // O'Neill 2014: PCG, RXS-M-XS
    let s = v * 747796405u + 2891336453u;
    let w = ((s >> ((s >> 28u) + 4u)) ^ s) * 277803737u;
    return (w >> 22u) ^ w;
  }

  // dimension 1 to 14 of path number 'path' of a pixel, in [0, 1): a Kronecker sequence by powers of the root of
  // x^15 = x + 1 (Roberts 2018), shifted at random in every pixel
  fn point(bits: u32, dimension: i32, path: i32) -> f32 {
    let shift = f32(hash(bits + u32(dimension) * 2654435769u) >> 8u) / 16777216.0;
    return fract(shift + f32(path) * pow(${0.953302537}, f32(dimension)));
  }

  // sphere tracing (Hart 1996)
  fn march(origin: vec3f, direction: vec3f, steps: i32) -> f32 {
    var t = 0.0;
    for (var i = 0; i < steps; i++) { t = min(t + ${distance}(origin + t * direction), FAR); }
    return t;
  }

  fn normal(p: vec3f) -> vec3f {
    let g = ${gradient}(p, 1.0);
    return normalize(vec3f(g.d_p_x, g.d_p_y, g.d_p_z));
  }

  fn on_sphere(a: f32, b: f32) -> vec3f {
    let z = 1.0 - 2.0 * a;
    let r = sqrt(max(1.0 - z * z, 0.0));
    return vec3f(r * cos(TAU * b), r * sin(TAU * b), z);
  }

  fn sky(direction: vec3f) -> vec3f {
    return mix(vec3f(0.015, 0.018, 0.025), vec3f(0.06, 0.09, 0.15), 0.5 + 0.5 * direction.y);
  }

  fn light_path(x: i32, y: i32, bits: u32, path: i32, width: f32, height: f32) -> vec3f {
    let lamp = vec3f(-4.0, 3.3, 2.0);
    let lamp_normal = normalize(vec3f(0.0, 0.4, 0.0) - lamp);
    let lamp_u = normalize(cross(vec3f(0.0, 1.0, 0.0), lamp_normal));
    let lamp_v = cross(lamp_normal, lamp_u);
    let emitted = vec3f(1.0, 0.74, 0.46) * 78.0;

    // a camera at eye height, 32 degrees high
    let eye = vec3f(0.35, 1.75, 4.9);
    let forward = normalize(vec3f(-0.12, 0.62, -0.2) - eye);
    let right = normalize(cross(forward, vec3f(0.0, 1.0, 0.0)));
    let up = cross(right, forward);
    let sx = (f32(x) + point(bits, 1, path) - 0.5 * width) / (0.5 * height);
    let sy = (0.5 * height - f32(y) - point(bits, 2, path)) / (0.5 * height);

    var origin = eye;
    var direction = normalize(forward + 0.287 * (sx * right + sy * up));
    var weight = vec3f(1.0);
    var light = vec3f(0.0);
    var scatterings = 0;
    for (var bounce = 0; bounce < 3; bounce++) {
      let t = march(origin, direction, select(40, 70, bounce == 0));
      let p = origin + t * direction;
      if (t >= FAR) {
        light += weight * sky(direction);
        weight = vec3f(0.0);
      }
      let n = normal(p);
      let gilded = ${ring}(p) < 0.01;
      let red = ${ball}(p) < 0.01;
      let cast = ${plaster}(p) < 0.01;
      let table = p.y < 0.01;
      let room_color = select(vec3f(0.16, 0.20, 0.22), vec3f(0.36, 0.24, 0.15), table);
      let albedo = select(select(room_color, vec3f(0.82, 0.79, 0.74), cast), vec3f(0.72, 0.07, 0.04), red);

      let k = 3 + 4 * bounce;
      let start = p + 0.004 * n;
      let place = lamp + 1.2 * ((point(bits, k, path) - 0.5) * lamp_u + (point(bits, k + 1, path) - 0.5) * lamp_v);
      let way = place - start;
      let squared = dot(way, way);
      let toward = way / sqrt(squared);
      let facing = max(dot(n, toward), 0.0) * max(-dot(lamp_normal, toward), 0.0);
      let free = march(start, toward, 36) >= sqrt(squared) - 0.02;
      if (free && !gilded) { light += weight * albedo * INV_PI * emitted * (facing * LAMP_AREA / squared); }

      // about the normal with probability proportional to the cosine; about the mirrored direction, narrowly
      let q = on_sphere(point(bits, k + 2, path), point(bits, k + 3, path));
      direction = normalize(select(1.0001 * n + q, reflect(direction, n) + 0.12 * q, gilded));
      weight *= select(albedo, vec3f(0.95, 0.70, 0.32), gilded);
      origin = start;

      // the lamp as the ring mirrors it to the eye (its caustics on the table are left out: they need many more paths)
      scatterings += select(1, 0, gilded);
      let s = dot(lamp - start, lamp_normal) / dot(direction, lamp_normal);
      let off = start + s * direction - lamp;
      let meets = gilded && scatterings == 0 && s > 0.0 && s < FAR && max(abs(dot(off, lamp_u)), abs(dot(off, lamp_v))) < 0.6;
      if (meets) { light += weight * emitted; }
    }
    return light;
  }`;
