import { expect, it } from 'vitest';
import { largestDifference } from '../../../render/src/testing/random.testing.js';
import { bakeTexture, fillTexture } from './uvBake.js';

const size = { height: 16, width: 24, channels: 2 };
const square = { uvs: [0.125, 0.25, 0.875, 0.25, 0.875, 0.75, 0.125, 0.75], uvTriangles: [0, 1, 2, 0, 2, 3] };

it('a linear function of the texture coordinates is baked exactly, and only where the triangles are', () => {
  const { values, triangle } = bakeTexture(square, size, (corner, out) => {
    const t = square.uvTriangles[corner];
    out.set([square.uvs[2 * t], square.uvs[2 * t + 1]]);
  });
  let covered = 0;
  for (let row = 0; row < 16; row++) {
    for (let column = 0; column < 24; column++) {
      const [u, v] = [(column + 0.5) / 24, 1 - (row + 0.5) / 16];
      const inside = u > 0.125 && u < 0.875 && v > 0.25 && v < 0.75;
      expect(triangle[row * 24 + column] > 0).toBe(inside);
      if (!inside) continue;
      covered++;
      expect(values[2 * (row * 24 + column)]).toBeCloseTo(u, 6);
      expect(values[2 * (row * 24 + column) + 1]).toBeCloseTo(v, 6);
    }
  }
  expect(covered).toBe(18 * 8);
});

it('filling keeps what is known, keeps constants, and stays between the known values', () => {
  const known = Uint8Array.from({ length: 16 * 24 }, (_, t) => (t % 37 === 0 ? 1 : 0));
  const values = Float32Array.from({ length: 16 * 24 * 2 }, (_, k) => (known[k >> 1] ? Math.sin(k) : 99));
  const filled = fillTexture(values, known, size);
  known.forEach((yes, t) => yes && expect(filled[2 * t]).toBe(values[2 * t]));
  expect(filled.every((x) => x >= -1.0001 && x <= 1.0001)).toBe(true);
  const flat = fillTexture(
    values.map((_, k) => (known[k >> 1] ? 0.25 : 9)),
    known,
    size,
  );
  expect(largestDifference(flat, new Float32Array(flat.length).fill(0.25))).toBeLessThan(1e-6);
});
