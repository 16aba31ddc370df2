/** A point of a curve. */
export type Point = readonly [x: number, y: number];

/** What a chart shows. */
export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
  /** Drawn as dots with a line between; else as a line of means over a band from lowest to highest. */
  readonly dots: boolean;
}

/** Means of neighbouring points, with the lowest and highest of each group. */
export interface Bin {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Groups points, in their order, into at most `count` bins of equal size; what is not finite is left out. */
export function binned(points: readonly Point[], count: number): Bin[] {
  const finite = points.filter((p) => p.every(Number.isFinite));
  const size = Math.ceil(finite.length / count);
  const bins: Bin[] = [];
  for (let i = 0; i < finite.length; i += size) {
    const group = finite.slice(i, i + size);
    const values = group.map(([, y]) => y);
    const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    bins.push({
      x: mean(group.map(([x]) => x)),
      mean: mean(values),
      low: Math.min(...values),
      high: Math.max(...values),
    });
  }
  return bins;
}

/** An axis from values to [0, 1]. */
export interface Axis {
  readonly logarithmic: boolean;
  readonly ticks: readonly number[];
  place(value: number): number;
}

/**
 * A linear axis with about `count` ticks, at least three, that are 1, 2 or 5 times a power of ten apart.
 * @param whole for values that are whole numbers: ticks are, too, however few.
 */
export function linearAxis(low: number, high: number, count: number, { whole = false } = {}): Axis {
  const [from, to] = high > low ? [low, high] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const power = 10 ** Math.floor(Math.log10((to - from) / count));
  const first = (spacing: number): number => Math.ceil(from / spacing - 1e-9);
  const inside = (spacing: number): number => Math.floor(to / spacing + 1e-9) - first(spacing) + 1;
  const spacings = [0.2, 0.5, 1, 2, 5, 10].map((n) => n * power);
  let chosen = spacings.findIndex((spacing) => spacing * count >= to - from);
  while (chosen > 0 && inside(spacings[chosen]!) < 3) chosen--;
  const spacing = Math.max(spacings[chosen]!, whole ? 1 : 0);
  const ticks = Array.from({ length: inside(spacing) }, (_, k) =>
    Number(((first(spacing) + k) * spacing).toPrecision(12)),
  );
  return { logarithmic: false, ticks, place: (value) => (value - from) / (to - from) };
}

/** A logarithmic axis where values are positive and span more than a factor of 20; else a linear one. */
export function valueAxis(low: number, high: number): Axis {
  if (!(low > 0 && high > 20 * low)) return linearAxis(low, high, 4);
  const [bottom, top] = [Math.log10(low), Math.log10(high)];
  const steps = top - bottom > 3 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let k = Math.floor(bottom); k <= top; k++) ticks.push(...steps.map((n) => Number((n * 10 ** k).toPrecision(2))));
  return {
    logarithmic: true,
    ticks: ticks.filter((tick) => tick >= low && tick <= high),
    place: (value) => (Math.log10(value) - bottom) / (top - bottom),
  };
}
