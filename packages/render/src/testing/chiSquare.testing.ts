/**
 * How badly counts fit expectations: the standard normal deviate of the chi-square statistic (Wilson and Hilferty), cells
 * that expect fewer than 5 pooled. Above 4 the fit is rejected at 3e-5.
 */
function chiSquareDeviate(counts: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [statistic, cells, pooledCount, pooledExpected] = [0, 0, 0, 0];
  for (let i = 0; i < counts.length; i++) {
    if (expected[i] < 5) {
      pooledCount += counts[i];
      pooledExpected += expected[i];
    } else {
      statistic += (counts[i] - expected[i]) ** 2 / expected[i];
      cells++;
    }
  }
  if (pooledExpected > 0 || pooledCount > 0) {
    statistic += (pooledCount - pooledExpected) ** 2 / Math.max(pooledExpected, 1e-6);
    cells++;
  }
  const k = cells - 1;
  return (Math.cbrt(statistic / k) - (1 - 2 / (9 * k))) / Math.sqrt(2 / (9 * k));
}

/** A sampler of directions and its density per steradian. */
export interface SphereSampler {
  readonly sample: () => ArrayLike<number>;
  readonly pdf: (direction: readonly [number, number, number]) => number;
}

/**
 * Compares a sampler with its density over the sphere (z up): histogram of `samples` directions against the integral of
 * the density, bins of equal steps in z and azimuth. Returns the deviate of `chiSquareDeviate` and the density's mass.
 * Directions below `lowest` are not counted, and not integrated.
 */
export function compareSampler(
  { sample, pdf }: SphereSampler,
  { samples = 100_000, rows = 16, columns = 24, inner = 8, lowest = -1 } = {},
): { readonly deviate: number; readonly mass: number } {
  const counts = new Float64Array(rows * columns + 1);
  const expected = new Float64Array(rows * columns + 1);
  const height = (1 - lowest) / rows;
  for (let n = 0; n < samples; n++) {
    const [x, y, z] = Array.from(sample());
    if (!(z > lowest)) {
      counts[rows * columns]++;
      continue;
    }
    const row = Math.min(Math.floor((z - lowest) / height), rows - 1);
    const turn = Math.atan2(y, x) / (2 * Math.PI);
    counts[row * columns + Math.min(Math.floor((turn < 0 ? turn + 1 : turn) * columns), columns - 1)]++;
  }
  let mass = 0;
  const area = (height * 2 * Math.PI) / (columns * inner * inner);
  for (let i = 0; i < rows * inner; i++) {
    const z = lowest + ((i + 0.5) * height) / inner;
    const s = Math.sqrt(1 - z * z);
    for (let j = 0; j < columns * inner; j++) {
      const phi = (2 * Math.PI * (j + 0.5)) / (columns * inner);
      const p = pdf([s * Math.cos(phi), s * Math.sin(phi), z]) * area;
      expected[Math.floor(i / inner) * columns + Math.floor(j / inner)] += p * samples;
      mass += p;
    }
  }
  expected[rows * columns] = Math.max(0, 1 - mass) * samples;
  return { deviate: chiSquareDeviate(counts, expected), mass };
}
