import { concat, elementwise, expr, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';

const bitsOf = expr`fn bitsOf(x: f32) -> u32 { return bitcast<u32>(x); }`;

/** Floats among words: [N, 4] uint32, the last row filled up. */
export function rowsOfBits(floats: readonly Tensor[]): Tensor {
  const count = floats.reduce((sum, f) => sum + f.size, 0);
  return elementwise(bitsOf, concat([...floats.map((f) => f.flatten()), zeros([-count & 3])])).reshape([-1, 4]);
}
