import { wgsl } from '../../engine.js';
import type { ExprFunction, WgslModule } from '../../engine.js';
import { tileSize } from '../rasterize/coverage.wgsl.js';
import { leastLogit } from './tileLists.js';

/** Where the pixels of tiles are, and what triangles do to them. */
export const pixelsOfTiles = wgsl`
fn halfSize() -> vec2f { return vec2f(f32(width), -f32(height)) * 0.5; }
fn placeOf(tile: u32, cell: u32) -> vec2u {
  let within = vec2u(cell % ${tileSize}u, cell / ${tileSize}u);
  return vec2u(tile % tileColumns, tile / tileColumns % tileRows) * ${tileSize}u + within;
}
fn frameOf(tile: u32) -> u32 { return tile / (tileColumns * tileRows); }
fn fromMiddle(at: vec2u) -> vec2f { return vec2f(at) + 0.5 - 0.5 * vec2f(f32(width), f32(height)); }
// a logit's share of the pixel
fn shareOf(logit: f32) -> f32 { return 1.0 / (1.0 + exp(-clamp(logit, -80.0, 80.0))); }
fn takesPart(face: vec4f) -> bool { return face.x >= ${leastLogit} && face.y >= 0.0 && face.y <= 1.0; }
`;

/** Declares functions that the text after it calls by their names. */
export const uses = (...functions: readonly ExprFunction[]): WgslModule => ({
  text: `// ${functions.map(({ name }) => name).join(', ')}`,
  uses: functions,
});
