// Inputs that every peer makes for itself, in JavaScript and in Python alike (peers/torch_peer.py).

/** `count` pseudo-random floats in [-scale, scale). */
export function fill(count, seed, scale = 1) {
  const out = new Float32Array(count);
  const base = Math.imul(seed, 40503);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 2654435761) + base) | 0;
    h = Math.imul(h ^ (h >>> 15), 2246822519);
    h ^= h >>> 13;
    out[i] = ((h >>> 0) / 2147483648 - 1) * scale;
  }
  return out;
}

/** `count` row numbers below `rows`, scattered. */
export function scatteredRows(count, rows) {
  return Int32Array.from({ length: count }, (_, i) => (Math.imul(i, 2654435761) >>> 0) % rows);
}

/** Several arrays as one. */
export const joined = (parts) => Float32Array.from(parts.flatMap((part) => [...part]));
