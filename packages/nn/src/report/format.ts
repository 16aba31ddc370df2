/** A number with so many digits that matter; `-` for what is not finite. */
export function significant(x: number, digits = 4): string {
  if (!Number.isFinite(x)) return '-';
  const size = Math.abs(x);
  const rounded = Number(x.toPrecision(digits));
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? rounded.toExponential() : String(rounded);
}

/** Seconds for people: `8.1 s`, `4 min 07 s`, `1 h 12 min`. */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
    : `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}
