// Sums over faces of the figures of fits.

/** Mean and its standard error over faces of every figure. */
export function summary(entries) {
  const names = Object.keys(entries[0]).filter((name) => typeof entries[0][name] === 'number');
  return Object.fromEntries(
    names.map((name) => {
      const values = entries.map((entry) => entry[name]).filter(Number.isFinite);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(values.length - 1, 1);
      return [name, { mean, error: Math.sqrt(variance / values.length) }];
    }),
  );
}
