import { add, arange, elementwise, expr, mul, stack, sub, zeros, type Operand, type Tensor } from '../../engine.js';

/**
 * Places in images by places in the result, in pixels from the top left corner, x right and y down:
 * x' = xx x + xy y + x0, y' = yx x + yy y + y0, with one number of each per image [B], or one for all.
 */
export interface Placement {
  readonly xx: Operand;
  readonly xy: Operand;
  readonly x0: Operand;
  readonly yx: Operand;
  readonly yy: Operand;
  readonly y0: Operand;
}

/** Where everything stays where it is. */
export const stay: Placement = { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 };

const plus = (a: Operand, b: Operand): Operand => {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  return a === 0 ? b : b === 0 ? a : add(a, b);
};
const times = (a: Operand, b: Operand): Operand => {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a === 0 || b === 0) return 0;
  return a === 1 ? b : b === 1 ? a : mul(a, b);
};

/** Both, one after the other: pixels of the result of `second` in the images that `first` was given. */
export function compose(first: Placement, second: Placement): Placement {
  const along = (a: Operand, b: Operand, start: Operand): readonly [Operand, Operand, Operand] => [
    plus(times(a, second.xx), times(b, second.yx)),
    plus(times(a, second.xy), times(b, second.yy)),
    plus(plus(times(a, second.x0), times(b, second.y0)), start),
  ];
  const [xx, xy, x0] = along(first.xx, first.xy, first.x0);
  const [yx, yy, y0] = along(first.yx, first.yy, first.y0);
  return { xx, xy, x0, yx, yy, y0 };
}

/** `inner` about a point instead of about the corner. */
export function about(inner: Placement, x: number, y: number): Placement {
  const to = (dx: number, dy: number): Placement => ({ ...stay, x0: dx, y0: dy });
  return compose(compose(to(x, y), inner), to(-x, -y));
}

/** A row of numbers for every image: [B, k]. */
function rows(count: number, numbers: readonly Operand[]): Tensor {
  const none = zeros([count]);
  return stack(
    numbers.map((n) => add(none, n)),
    1,
  );
}

const along = expr`
  fn along(x: f32, y: f32, row: vec3f) -> f32 { return (row.x * x + row.y * y) + row.z; }`;

/** Where the centres of the result's pixels lie in the images: [B, H, W, 2], x first. */
export function pixelPlaces(p: Placement, count: number, height: number, width: number): Tensor {
  const x = arange(width).to('float32').add(0.5);
  const y = arange(height).to('float32').add(0.5).reshape([height, 1]);
  const of = (...row: Operand[]): Tensor => elementwise(along, x, y, rows(count, row).reshape([count, 1, 1, 3]));
  return stack([of(p.xx, p.xy, p.x0), of(p.yx, p.yy, p.y0)], 3);
}

/** Points of the images [B, N, 2] in the result, both in pixels from the top left corner. */
export function movePoints(p: Placement, points: Tensor): Tensor {
  const [count] = points.shape as [number];
  const [xx, xy, x0, yx, yy, y0] = [p.xx, p.xy, p.x0, p.yx, p.yy, p.y0].map((n) =>
    rows(count, [n]),
  ) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]; // prettier-ignore
  const [x, y] = [sub(points.select(2, 0), x0), sub(points.select(2, 1), y0)];
  const determinant = xx.mul(yy).sub(xy.mul(yx));
  return stack([yy.mul(x).sub(xy.mul(y)), xx.mul(y).sub(yx.mul(x))], 2).div(determinant.unsqueeze(2));
}
