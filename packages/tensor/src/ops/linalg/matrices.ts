import { ShapeError } from '../../errors.js';
import { broadcastShapes, sameShape, showShape, sizeOf, type Shape } from '../../shape.js';
import { live, type Tensor } from '../../tensor.js';

/** Largest matrices that one invocation factors in reasonable time. */
const largest = 32;

/** Throws unless x holds matrices [..., n, m] whose columns are few enough. */
export function expectMatrices(op: string, x: Tensor, square = true): void {
  live(x, op);
  const [n, m] = [x.shape[x.rank - 2], x.shape[x.rank - 1]];
  if (n === undefined || m === undefined || (square && n !== m)) {
    throw new ShapeError(
      `${op}: takes ${square ? 'square matrices [..., n, n]' : 'matrices [..., m, n]'}, got ${showShape(x.shape)}`,
    );
  }
  if (m > largest) {
    throw new ShapeError(
      `${op}: matrices of ${m} columns are too large: one invocation works on a whole matrix, and ${largest} is the most`,
    );
  }
}

/** x as [batch, n, m] in float32. */
export const flatMatrices = (x: Tensor): Tensor =>
  x.to('float32').reshape([sizeOf(x.shape.slice(0, -2)), ...x.shape.slice(-2)]);

/** Half the sum of a matrix and its transpose: what functions of symmetric matrices see, so that gradients are symmetric. */
export const symmetric = (x: Tensor): Tensor => x.add(x.transpose()).mul(0.5);

/**
 * Solves a x = b for a function that takes [batch, m, n] and [batch, m, k]: batches broadcast, and b is a vector if it has
 * one dimension or exactly the shape of a's columns.
 */
export function system(op: string, a: Tensor, b: Tensor, solve: (a: Tensor, b: Tensor) => Tensor): Tensor {
  live(b, op);
  const vector = b.rank === 1 || sameShape(b.shape, a.shape.slice(0, -1));
  const right = vector ? b.unsqueeze(-1) : b;
  const [m, n] = a.shape.slice(-2) as [number, number];
  if (right.rank < 2 || right.shape[right.rank - 2] !== m) {
    throw new ShapeError(
      `${op}: matrices ${showShape(a.shape)} need right sides [..., ${m}, k] or [${m}], got ${showShape(b.shape)}`,
    );
  }
  const k = right.shape[right.rank - 1]!;
  const batch = broadcastShapes(op, a.shape.slice(0, -2), right.shape.slice(0, -2));
  const whole = (t: Tensor, shape: Shape): Tensor => flatMatrices(t.expand([...batch, ...shape]));
  const x = solve(whole(a, [m, n]), whole(right, [m, k]));
  return x.reshape(vector ? [...batch, n] : [...batch, n, k]);
}
