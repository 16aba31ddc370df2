import { ShapeError, elementwise, expr, noGrad, stack, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { ImportanceTables } from './importance.js';
import { latLongCoordinates } from './latLong.js';

/** How far u lies between two entries of a cumulative table, in [0, 1). */
const fraction = expr`
  fn fraction(u: f32, low: f32, high: f32) -> f32 {
    return clamp((u - low) / max(high - low, 1e-30), 0.0, 0.9999999);
  }`;

/** (1 - cos) / 2 of the angle from the top to an edge between rows: grows with the area above, exact at the pole. */
const heightOfEdge = expr`
  fn heightOfEdge(row: f32, rows: f32) -> f32 {
    let s = sin(HALF_PI * row / rows);
    return s * s;
  }`;

/** The direction in texel (row, column) at the shares (tx, ty) of its width and area. */
export const directionInTexel = expr`
  fn directionInTexel(row: f32, column: f32, tx: f32, ty: f32, size: vec2f) -> vec3f {
    let h = mix(${heightOfEdge}(row, size.y), ${heightOfEdge}(row + 1.0, size.y), ty);
    let s = 2.0 * sqrt(max(h * (1.0 - h), 0.0));
    let phi = TAU * (column + tx) / size.x;
    return vec3f(s * sin(phi), 1.0 - 2.0 * h, -s * cos(phi));
  }`;

/** The shares (tx, ty) of a texel's width and area at which a unit direction lies: the inverse of `directionInTexel`. */
export const placeInTexel = expr`
  fn placeInTexel(d: vec3f, row: f32, column: f32, size: vec2f) -> vec2f {
    let flat = d.x * d.x + d.z * d.z;
    let h = select(0.5 * (1.0 - d.y), 0.5 * flat / (1.0 + max(d.y, 0.0)), d.y > 0.0);
    let low = ${heightOfEdge}(row, size.y);
    let high = ${heightOfEdge}(row + 1.0, size.y);
    let u = ${latLongCoordinates}(d).x * size.x;
    return vec2f(saturate(u - column), saturate((h - low) / (high - low)));
  }`;

/**
 * Directions by the brightness of a map: uniform numbers u [N, 2] in [0, 1) -> unit directions [N, 3] and their density
 * per steradian [N]. Stratified numbers stay stratified. Not differentiable (detached sampling).
 */
export function sampleEnvironment(
  tables: ImportanceTables,
  u: Tensor,
): { readonly directions: Tensor; readonly pdf: Tensor } {
  if (u.rank !== 2 || u.shape[1] !== 2)
    throw new ShapeError(`sampleEnvironment: u must be [N, 2], got [${u.shape.join(', ')}]`);
  return noGrad(() => {
    const { height, width, marginal, conditional, density } = tables;
    const [first, second] = [0, 1].map((k) => u.select(1, k));
    const row = search(marginal.unsqueeze(0), null, first);
    const column = search(conditional, row, second);
    const at = (edge: number): Tensor => marginal.indexSelect(0, row.add(edge));
    const flat = conditional.flatten();
    const start = row.mul(width + 1).add(column);
    const ty = elementwise(fraction, first, at(0), at(1));
    const tx = elementwise(fraction, second, flat.indexSelect(0, start), flat.indexSelect(0, start.add(1)));
    return {
      directions: elementwise(directionInTexel, row, column, tx, ty, tensor([width, height])),
      pdf: density.flatten().indexSelect(0, row.mul(width).add(column)),
    };
  });
}

/** Density per steradian [N] with which `sampleEnvironment` gives the directions [N, 3]. */
export function pdfEnvironment(tables: ImportanceTables, directions: Tensor): Tensor {
  return noGrad(() => {
    const { row, column } = cellOf(tables, directions);
    return tables.density.flatten().indexSelect(0, row.mul(tables.width).add(column));
  });
}

/** The uniform numbers [N, 2] from which `sampleEnvironment` makes the directions [N, 3]. */
export function invertEnvironment(tables: ImportanceTables, directions: Tensor): Tensor {
  return noGrad(() => {
    const { marginal, conditional, width, height } = tables;
    const { row, column } = cellOf(tables, directions);
    const flat = conditional.flatten();
    const start = row.mul(width + 1).add(column);
    const edge = (table: Tensor, index: Tensor): Tensor[] => [0, 1].map((k) => table.indexSelect(0, index.add(k)));
    const [top, bottom] = edge(marginal, row);
    const [left, right] = edge(flat, start);
    const place = elementwise(placeInTexel, directions, row, column, tensor([width, height]));
    const between = (low: Tensor, high: Tensor, k: number): Tensor => low.lerp(high, place.select(1, k));
    return stack([between(top, bottom, 1), between(left, right, 0)], 1);
  });
}

function cellOf({ height, width }: ImportanceTables, directions: Tensor): { row: Tensor; column: Tensor } {
  const place = elementwise(latLongCoordinates, directions).mul(tensor([width, height]));
  const cell = (k: number, count: number): Tensor =>
    place
      .select(1, k)
      .floor()
      .clamp(0, count - 1)
      .to('int32');
  return { row: cell(1, height), column: cell(0, width) };
}

/** The last entry of a cumulative row [R, N + 1] that is not above u: a binary search of fixed depth, N results in [0, N). */
function search(table: Tensor, rows: Tensor | null, u: Tensor): Tensor {
  const count = table.shape[1] - 1;
  const flat = table.flatten();
  const base = rows === null ? 0 : rows.mul(count + 1);
  let low = u.mul(0).to('int32');
  for (let step = 2 ** Math.ceil(Math.log2(count)); step >= 1; step /= 2) {
    const next = low.add(step).clamp(0, count - 1);
    const inside = flat.indexSelect(0, next.add(base)).le(u);
    low = next.where(inside, low);
  }
  return low;
}
