import { indexSelect, pad, ShapeError, tensor, type Tensor } from '../engine.js';

/** What stands outside of an image: 0; the mirrored image without its border; its border; the image again. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

/** Which element of n stands at place i, which may lie outside. */
const source: Readonly<Record<Exclude<PaddingMode, 'zeros'>, (i: number, n: number) => number>> = {
  reflect: (i, n) => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i),
  replicate: (i, n) => Math.min(Math.max(i, 0), n - 1),
  circular: (i, n) => (i + n) % n,
};

/**
 * Images [..., H, W] with a margin.
 * @param margins [left, right, top, bottom] in pixels, PyTorch's order.
 * @throws ShapeError for negative margins, and where a mirrored or repeated image is too small to fill them.
 */
export function pad2d(
  x: Tensor,
  margins: readonly [left: number, right: number, top: number, bottom: number],
  mode: PaddingMode = 'zeros',
): Tensor {
  const [left, right, top, bottom] = margins;
  if (margins.some((m) => !Number.isInteger(m) || m < 0)) {
    throw new ShapeError(`pad2d: margins must be whole numbers of 0 or more, got ${margins.join(', ')}`);
  }
  if (x.rank < 2) throw new ShapeError(`pad2d: takes [..., H, W], got [${x.shape.join(', ')}]`);
  if (mode === 'zeros') {
    return pad(x, [
      [top, bottom],
      [left, right],
    ]);
  }
  const along = (t: Tensor, dim: number, before: number, after: number): Tensor => {
    const n = t.shape[dim]!;
    const most = { reflect: n - 1, replicate: n > 0 ? Infinity : 0, circular: n }[mode];
    if (Math.max(before, after) > most) {
      throw new ShapeError(
        `pad2d: mode ${mode} fills a margin of at most ${most} for ${n} pixels, got ${before}, ${after}`,
      );
    }
    if (before + after === 0) return t;
    const places = Int32Array.from({ length: before + n + after }, (_, i) => source[mode](i - before, n));
    return indexSelect(t, dim, tensor(places));
  };
  return along(along(x, x.rank - 2, top, bottom), x.rank - 1, left, right);
}
