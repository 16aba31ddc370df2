/** A pixel of a line, which may lie beyond the line's ends, and how much it counts. */
export interface Tap {
  readonly at: number;
  readonly weight: number;
}

/** Pixels under a triangle about a place, of half width `reach` >= 1: weights of sum 1. Pixel k is at k. */
export function triangleTaps(place: number, reach: number): Tap[] {
  const taps: Tap[] = [];
  let sum = 0;
  for (let at = Math.ceil(place - reach); at <= Math.floor(place + reach); at++) {
    const weight = 1 - Math.abs(at - place) / reach;
    if (weight <= 0) continue;
    taps.push({ at, weight });
    sum += weight;
  }
  return taps.map(({ at, weight }) => ({ at, weight: weight / sum }));
}

/** The mean over a length about a place, of samples between pixels, no further apart than these: weights of sum 1. */
export function boxTaps(place: number, length: number): Tap[] {
  const samples = Math.max(1, Math.ceil(length));
  const weights = new Map<number, number>();
  const add = (at: number, weight: number): void => {
    if (weight > 0) weights.set(at, (weights.get(at) ?? 0) + weight);
  };
  for (let k = 0; k < samples; k++) {
    const sample = place + ((k + 0.5) / samples - 0.5) * length;
    const first = Math.floor(sample);
    add(first, (first + 1 - sample) / samples);
    add(first + 1, (sample - first) / samples);
  }
  return [...weights].map(([at, weight]) => ({ at, weight }));
}
