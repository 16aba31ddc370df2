import { wgsl } from '../../engine.js';

/** Pixels of a batch of B images of height x width, in clip space with w = 1. */
export const pixelPlaces = wgsl`
fn stepOf() -> vec2f { return vec2f(2.0, -2.0) / vec2f(f32(width), f32(height)); }
fn centreOf(pixel: u32) -> vec2f {
  let at = vec2f(vec2u(pixel % width, pixel / width % height)) + 0.5;
  return vec2f(-1.0, 1.0) + at * stepOf();
}`;

/** The row of a vertex of a pixel's own image. */
export const vertexRows = wgsl`
fn vertexRow(pixel: u32, vertex: i32) -> u32 {
  var first = 0u;
  if (B > 1u) { first = pixel / (height * width) * stride; } // integer division is dear
  return first + u32(vertex);
}`;
