import { concat, elementwise, parse, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { PackedScene } from '../pack.js';
import { luneSize } from './lune.js';
import { bins } from './segments.js';
import type { StillScene } from './stillScene.js';

const { functions } = parse(`
  // edges of triangles that lie in a plane, but for rounding, are none
  fn widthOf(size: vec2f) -> f32 { return select(size.y, 0.0, size.y < 3e-4); }
  fn cellWeight(size: vec2f, bin: f32, share: f32) -> f32 {
    let s = sin(PI * (bin + 0.5) / ${bins}.0);
    return share * size.x * widthOf(size) * s * s * ${(2 / bins).toFixed(8)};
  }
  fn lightWeight(size: vec2f, share: f32) -> f32 { return size.x * widthOf(size) * share; }
  // Draws from the film hit the lunes of an edge with a chance like their width: the root has the least variance.
  fn filmWeight(size: vec2f) -> f32 { return size.x * sqrt(widthOf(size)); }
`);
const fn = (name: string) => functions.get(name)!;

/** How often lines go through edges, up to a factor. */
export interface EdgeWeights {
  /** [E, columns] of lines that begin at the edge, by their direction: see `columns`. */
  readonly cells: Tensor;
  /** [1, E] of lines that begin at the film. */
  readonly film: Tensor;
}

/** Weights by what edges look like: their lengths and angles. `meets`: whether lines in any direction can find light. */
export function plainWeights({ lamps }: PackedScene, still: StillScene, meets: boolean): EdgeWeights {
  const { edgeCount } = still;
  const size = elementwise(luneSize, ...still.edgeCorners(numbersTo(edgeCount))).unsqueeze(1);
  const bin = tensor(Float32Array.from({ length: 2 * bins }, (_, k) => k % bins));
  const has = [lamps.sky, lamps.areas.length > 0, lamps.deltas.length > 0].map(Number);
  const lights = Math.max(1, has[0] + has[1] + has[2]);
  return {
    cells: concat(
      [
        elementwise(fn('cellWeight'), size, bin, Number(meets)),
        elementwise(fn('lightWeight'), size, tensor(has.map((h) => h / lights))),
      ],
      1,
    ),
    film: elementwise(fn('filmWeight'), size).reshape([1, edgeCount]),
  };
}

export const numbersTo = (count: number): Tensor => tensor(Int32Array.from({ length: count }, (_, k) => k));
