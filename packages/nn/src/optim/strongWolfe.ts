/** A place on the line of a search: step length, value there, slope along the line, and the gradient. */
export interface LinePoint {
  readonly t: number;
  readonly value: number;
  readonly slope: number;
  readonly gradient: Float64Array;
}

/** Armijo's and the curvature condition of Nocedal and Wright 2006, eq. 3.7, with the constants of PyTorch. */
const [sufficient, curvature] = [1e-4, 0.9];

/** Evaluations after which the best place so far is taken. */
const most = 25;

/** What the search did. */
export interface LineSearch {
  readonly point: LinePoint;
  readonly evaluations: number;
}

/**
 * Looks along a line for a step that fulfils the strong Wolfe conditions: Nocedal and Wright 2006, algorithm 3.5, then
 * 3.6, with the safeguards of minFunc (Schmidt 2005) that PyTorch has, too.
 * @param start the line at t = 0; its slope is below 0.
 * @param first the step to try first.
 * @param longest largest |element| of the direction: an interval that moves nothing by more than `tolerance` is not cut.
 */
export async function strongWolfe(
  at: (t: number) => Promise<LinePoint>,
  start: LinePoint,
  first: number,
  longest: number,
  tolerance: number,
): Promise<LineSearch> {
  // NaN, too, is no place to stay
  const tooHigh = (p: LinePoint): boolean => !(p.value <= start.value + sufficient * p.t * start.slope);
  const flat = (p: LinePoint): boolean => Math.abs(p.slope) <= -curvature * start.slope;

  // goes outward until a good place, or an interval with one, is found
  let before = start;
  let now = await at(first);
  let evaluations = 1;
  let bracket: [LinePoint, LinePoint] | undefined;
  while (evaluations <= most) {
    if (tooHigh(now) || (evaluations > 2 && now.value >= before.value)) bracket = [before, now];
    else if (flat(now)) return { point: now, evaluations };
    else if (now.slope >= 0) bracket = [before, now];
    if (bracket) break;
    const next = cubicMinimum(before, now, now.t + 0.01 * (now.t - before.t), 10 * now.t);
    before = now;
    now = await at(next);
    evaluations++;
  }

  // cuts the interval; `low` is its better end
  let [low, high] = ordered(...(bracket ?? [start, now]));
  let stalled = false;
  while (evaluations <= most && Math.abs(high.t - low.t) * longest >= tolerance) {
    const [left, right] = low.t <= high.t ? [low.t, high.t] : [high.t, low.t];
    let t = cubicMinimum(low, high, left, right);
    // a second place in a row close to an end is moved inward, by a tenth of the interval
    const margin = 0.1 * (right - left);
    const close = Math.min(right - t, t - left) < margin;
    if (close && (stalled || t >= right || t <= left)) {
      t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
      stalled = false;
    } else stalled = close;
    const point = await at(t);
    evaluations++;
    if (tooHigh(point) || point.value >= low.value) [low, high] = ordered(low, point);
    else {
      if (flat(point)) return { point, evaluations };
      if (point.slope * (high.t - low.t) >= 0) high = low;
      low = point;
    }
  }
  return { point: low, evaluations };
}

/** The better one first; NaN is never better. */
const ordered = (a: LinePoint, b: LinePoint): [LinePoint, LinePoint] => (b.value < a.value ? [b, a] : [a, b]);

/** Where the cubic with the values and slopes of two places has its minimum, within bounds: ibid., eq. 3.59. */
function cubicMinimum(a: LinePoint, b: LinePoint, least: number, largest: number): number {
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const d = left.slope + right.slope - (3 * (left.value - right.value)) / (left.t - right.t);
  const square = d * d - left.slope * right.slope;
  if (!(square >= 0)) return (least + largest) / 2;
  const root = Math.sqrt(square);
  const t = right.t - (right.t - left.t) * ((right.slope + root - d) / (right.slope - left.slope + 2 * root));
  return Math.min(Math.max(t, least), largest);
}
