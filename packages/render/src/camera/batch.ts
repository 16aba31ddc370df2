import { ShapeError, stack } from '../engine.js';
import type { Tensor } from '../engine.js';

/** A value of a camera beside the points of its views: [C] as it is, [B, C] as [B, 1, C]. */
export const beside = (value: Tensor): Tensor => (value.rank === 1 ? value : value.unsqueeze(1));

/**
 * Number of views of a camera whose parts have the given shapes, of which `own` dimensions are those of one view.
 * @throws ShapeError where parts do not fit, or views differ in number.
 */
export function countViews(
  parts: readonly (readonly [name: string, value: Tensor, own: readonly number[]])[],
): number | undefined {
  let views: number | undefined;
  for (const [name, { shape }, own] of parts) {
    const [batch, rest] = [shape.length - own.length, shape.slice(-own.length)];
    const isBatch = batch === 1 && (views ?? shape[0]) === shape[0];
    if ((batch !== 0 && !isBatch) || own.some((n, d) => rest[d] !== n)) {
      const wanted = own.join(', ');
      throw new ShapeError(
        `camera: ${name} must be [${wanted}] or, for ${views ?? 'B'} views, [${views ?? 'B'}, ${wanted}]; ` +
          `got [${shape.join(', ')}]`,
      );
    }
    if (batch === 1) views = shape[0];
  }
  return views;
}

/**
 * Applies a function of rows [..., N, C] to what one view or each of several is given: without views to x itself; with B
 * views to x [N, C] (or [C]) that all share, or x [B, ..., C], as [B or 1, N, C]. The result is [B, ..., C'].
 */
export function overViews(views: number | undefined, x: Tensor, fn: (rows: Tensor) => Tensor): Tensor {
  if (views === undefined) return fn(x);
  const { shape } = x;
  const shared = shape.length < 3;
  if (!shared && shape[0] !== views && shape[0] !== 1) {
    throw new ShapeError(
      `camera: a camera of ${views} views takes [N, C], the same for all, or [${views}, ..., C]; got [${shape.join(', ')}]`,
    );
  }
  const rest = shape.slice(shared ? 0 : 1, -1);
  const count = rest.reduce((a, b) => a * b, 1);
  const rows = fn(x.reshape([shared ? 1 : shape[0], count, shape.at(-1)!]));
  const width = rows.shape.at(-1)!;
  return rows.expand([views, count, width]).reshape([views, ...rest, width]);
}

/** Numbers of each view, [] or [B], as one row each: [C] or [B, C]. */
export function rowOf(values: readonly Tensor[]): Tensor {
  const views = values.find((v) => v.rank === 1)?.shape;
  return stack(views ? values.map((v) => v.expand(views)) : values, -1);
}
