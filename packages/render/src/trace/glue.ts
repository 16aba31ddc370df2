import { parse } from '../engine.js';
import type { ExprFunction } from '../engine.js';

/** Small conversions between what steps compute. */
const { functions: glue } = parse(`
  fn rowsAt(base: u32, width: u32, index: vec4u) -> vec4u { return base + width * index; }
  fn isHit(triangle: u32) -> u32 { return u32(triangle != 0xffffffff); }
  fn isMiss(triangle: u32) -> u32 { return u32(triangle == 0xffffffff); }
  fn isZero(x: u32) -> u32 { return u32(x == 0); }
  fn both(a: u32, b: u32) -> u32 { return a & b; }
  fn equals(a: u32, b: u32) -> u32 { return u32(a == b); }
  fn isDelta(kind: u32) -> u32 { return u32(kind == 1 || kind == 2); }
  fn sum(a: u32, b: u32) -> u32 { return a + b; }
  fn quotient(a: u32, b: u32) -> u32 { return a / b; }
  fn remainder(a: u32, b: u32) -> u32 { return a % b; }
  fn rowAt(base: u32, stride: u32, index: u32) -> u32 { return base + stride * index; }
  fn lobeNumbers(u: vec4f, v: vec2f) -> vec3f { return vec3f(u.z, v.x, v.y); }
  fn pair(a: f32, b: f32) -> vec2f { return vec2f(a, b); }
  fn sizes(a: u32, b: u32) -> vec2u { return vec2u(a, b); }
  fn record(a: u32, b: u32, c: u32, d: u32) -> vec4u { return vec4u(a, b, c, d); }
  fn choose(a: u32, b: u32, c: u32) -> u32 { return select(a, b, c != 0); }
  fn product(a: f32, b: f32) -> f32 { return a * b; }
  fn minus(a: f32, b: f32) -> f32 { return a - b; }
  fn times1(a: f32, b: f32) -> f32 { return a * b; }
  fn plus1(a: f32, b: f32) -> f32 { return a + b; }
  fn plus4(a: vec4f, b: vec4f) -> vec4f { return a + b; }
  fn plus3(a: vec3f, b: vec3f) -> vec3f { return a + b; }
  fn frontOf(m: vec3f, d: vec3f, emitter: u32, twoSided: u32) -> u32 {
    return u32(emitter != 0 && (twoSided != 0 || dot(m, d) < 0.0));
  }
  fn firstThree(u: vec4f) -> vec3f { return u.xyz; }
  fn firstTwo(u: vec4f) -> vec2f { return u.xy; }
  // code of what a direction leads to: a surface, or what is around the scene
  fn beyond(hit: u32) -> u32 { return 3 * u32(hit != 0); }
  fn either3(a: vec3f, b: vec3f, c: u32) -> vec3f { return select(b, a, c != 0); }
  fn times(a: vec3f, x: f32) -> vec3f { return a * x; }
  // whether another turn may follow
  fn isBefore(turn: u32, turns: u32) -> u32 { return u32(turn + 1 < turns); }
  // whether the lobe's direction met what reflects, and so goes on
  fn passesOn(lobe: u32, triangle: u32, emitter: u32, more: u32) -> u32 {
    return u32(lobe != 0 && triangle != 0xffffffff && emitter == 0 && more != 0);
  }
  fn shines(surface: u32, lobe: u32, lobeFinds: u32) -> u32 { return u32(surface == 0 && (lobe == 0 || lobeFinds != 0)); }
  fn repeat(x: f32) -> vec3f { return vec3f(x); }
  fn isSome(x: u32) -> u32 { return u32(x != 0); }
  fn plus2(a: vec2f, b: vec2f) -> vec2f { return a + b; }
  fn entryOf(base: u32, triangle: u32, first: u32) -> u32 { return base + triangle - first; }
  // the kind of light that was found: a triangle's, the emitter's own, or the environment beyond the lobe's sample
  fn sourceCode(kind: u32, triangle: u32) -> u32 {
    if (triangle != 0) { return 3; }
    return select(kind, 0, kind == 4);
  }
  fn foundBy(lobe: u32, triangle: u32, far: u32) -> u32 { return select(1, triangle | far, lobe != 0); }
  // own density, other density, whether it is the lobe's sample
  fn densities(kind: u32, ofLight: f32, ofLobe: f32, scale: f32) -> vec2f {
    let lobe = ofLobe * scale;
    if (kind == 4) { return vec2f(lobe, ofLight); }
    if (kind == 1 || kind == 2) { return vec2f(1.0, 0.0); }
    return vec2f(ofLight, lobe);
  }
`);
/** One of them. */
export const g = (name: string): ExprFunction => glue.get(name)!;
