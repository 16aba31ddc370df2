import { expr } from '../../engine.js';
import { definePixelFunction } from './pixelFunction.js';

/** Value at a pixel of the homogeneous edge function through two vertices, up to a factor; `at` in clip space, w = 1. */
const edgeValue = expr`
  fn edgeValue(p: vec4f, q: vec4f, at: vec2f) -> f32 {
    let s = p.xy - p.w * at;
    let t = q.xy - q.w * at;
    return s.x * t.y - s.y * t.x;
  }`;

/** The same function's slopes in x and y. */
const edgeSlope = expr`
  fn edgeSlope(p: vec4f, q: vec4f, at: vec2f) -> vec2f {
    let s = p.xy - p.w * at;
    let t = q.xy - q.w * at;
    return vec2f(q.w * s.y - p.w * t.y, p.w * t.x - q.w * s.x);
  }`;

/**
 * Perspective-correct weights of the vertices b and c and z / w, where the ray of a pixel meets the triangle's plane. The
 * homogeneous edge functions divided by their sum are the weights (Olano and Greer 1997). A pixel that only the snapped
 * triangle covers gets the nearest weights on the triangle itself.
 */
const pointUnderPixel = expr`
  fn pointUnderPixel(a: vec4f, b: vec4f, c: vec4f, at: vec2f) -> vec3f {
    let raw = vec3f(${edgeValue}(b, c, at), ${edgeValue}(c, a, at), ${edgeValue}(a, b, at));
    let turn = select(-1.0, 1.0, dot(raw, vec3f(a.w, b.w, c.w)) >= 0.0);
    let e = max(turn * raw, vec3f(0.0));
    let sum = e.x + e.y + e.z;
    let flat = sum <= 0.0;
    let weights = select(e / select(sum, 1.0, flat), vec3f(1.0, 0.0, 0.0), flat);
    let depth = dot(weights, vec3f(a.z, b.z, c.z)) / dot(weights, vec3f(a.w, b.w, c.w));
    return vec3f(weights.y, weights.z, depth);
  }`;

/** Derivatives of the two weights by the pixel's coordinates: (du/dx, dv/dx, du/dy, dv/dy), y downwards. */
const weightsPerPixel = expr`
  fn weightsPerPixel(a: vec4f, b: vec4f, c: vec4f, at: vec2f, step: vec2f) -> vec4f {
    let e = vec3f(${edgeValue}(b, c, at), ${edgeValue}(c, a, at), ${edgeValue}(a, b, at));
    let s = ${edgeSlope}(b, c, at);
    let t = ${edgeSlope}(c, a, at);
    let r = ${edgeSlope}(a, b, at);
    let sum = e.x + e.y + e.z;
    let flat = sum == 0.0;
    let scale = select(step / select(sum, 1.0, flat), vec2f(0.0), vec2<bool>(flat));
    let total = s + t + r;
    let u = select(e.y / select(sum, 1.0, flat), 0.0, flat);
    let v = select(e.z / select(sum, 1.0, flat), 0.0, flat);
    let du = (t - u * total) * scale;
    let dv = (r - v * total) * scale;
    return vec4f(du.x, dv.x, du.y, dv.y);
  }`;

/** Weights [P, 2] and depths [P] under the pixels. */
export const barycentrics = definePixelFunction('barycentrics', pointUnderPixel, { weights: 2, depth: 1 });

/** Derivatives of the weights by pixel coordinates, [P, 4]. */
export const barycentricDerivatives = definePixelFunction('barycentricDerivatives', weightsPerPixel, { slopes: 4 });
