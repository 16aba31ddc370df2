import type { ShapeData } from './index.js';

/** Volume by the divergence theorem, and area. */
export function measure({ positions: p, triangles: t }: ShapeData): { volume: number; area: number } {
  let [volume, area] = [0, 0];
  for (let f = 0; f < t.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => [...p.subarray(3 * t[f + k], 3 * t[f + k] + 3)]);
    const u = b.map((v, k) => v - a[k]);
    const v = c.map((w, k) => w - a[k]);
    const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    volume += (a[0] * n[0] + a[1] * n[1] + a[2] * n[2]) / 6;
    area += Math.hypot(...n) / 2;
  }
  return { volume, area };
}
