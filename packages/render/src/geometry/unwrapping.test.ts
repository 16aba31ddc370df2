import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../testing/random.testing.js';
import { boxShape, icosphereShape, unwrap } from './index.js';
import type { MeshFile } from './index.js';

type Point = readonly [number, number];

const uvsOf = ({ uvs, uvTriangles }: MeshFile, f: number): Point[] =>
  [0, 1, 2].map((k) => [uvs![2 * uvTriangles![3 * f + k]], uvs![2 * uvTriangles![3 * f + k] + 1]]);

const side = (a: Point, b: Point, p: Point): number => (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);

const length = ({ positions, triangles }: MeshFile, c: number, d: number): number =>
  Math.hypot(...[0, 1, 2].map((k) => positions[3 * triangles[c] + k] - positions[3 * triangles[d] + k]));

/** Lengths on the texture by lengths on the surface, for all edges of all triangles. */
const stretches = (file: MeshFile): number[] =>
  Array.from(file.triangles, (_, c) => {
    const d = c % 3 === 2 ? c - 2 : c + 1;
    const corners = uvsOf(file, Math.floor(c / 3));
    const [a, b] = [corners[c % 3], corners[d % 3]];
    return Math.hypot(b[0] - a[0], b[1] - a[1]) / length(file, c, d);
  });

describe('unwrap', () => {
  it('lays out a box without any stretch', async () => {
    const { mesh: box, charts, coverage } = await unwrap(boxShape({ size: [1, 2, 3] }));
    expect(charts).toBe(6);
    const scales = stretches(box);
    expect(Math.max(...scales) / Math.min(...scales)).toBeLessThan(1.01);
    // 22 units of area by that scale
    expect(22 * scales[0] ** 2).toBeLessThan(1.02 * coverage);
    expect(22 * scales[0] ** 2).toBeGreaterThan(0.9 * coverage);
  });

  it('lays out a bumpy ball with little stretch, no overlap, no side turned over; triangles and places stay', async () => {
    const random = randomNumbers(3);
    const ball = icosphereShape({ subdivisions: 3 });
    const file = { ...ball, positions: ball.positions.map((x) => x * (1 + 0.03 * random())) };
    const { mesh: flat, charts, coverage } = await unwrap(file, { resolution: 256, padding: 2 });
    expect(flat.triangles).toBe(file.triangles);
    expect(charts).toBeLessThan(40);
    expect(coverage).toBeGreaterThan(0.4);
    expect(flat.uvs!.every((x) => x > 0 && x < 1)).toBe(true);
    const scales = stretches(flat).sort((a, b) => a - b);
    expect(scales[Math.floor(0.99 * scales.length)] / scales[Math.floor(0.01 * scales.length)]).toBeLessThan(2);

    const triangles = Array.from({ length: flat.triangles.length / 3 }, (_, f) => uvsOf(flat, f));
    const inside = ([a, b, c]: Point[], p: Point): boolean =>
      side(a, b, p) > 0 && side(b, c, p) > 0 && side(c, a, p) > 0;
    for (const [f, [a, b, c]] of triangles.entries()) {
      expect(side(a, b, c)).toBeGreaterThan(0);
      const [s, t] = [0.1 + 0.4 * random(), 0.1 + 0.4 * random()];
      const p: Point = [0, 1].map((k) => a[k] * (1 - s - t) + b[k] * s + c[k] * t) as unknown as Point;
      expect(triangles.findIndex((other, g) => g !== f && inside(other, p))).toBe(-1);
    }
  });

  it('takes degenerate triangles and nothing, and says what is wrong', async () => {
    const box = boxShape();
    const odd = await unwrap({ ...box, triangles: Uint32Array.from([...box.triangles, 0, 0, 1]) });
    expect(odd.mesh.uvTriangles!.length).toBe(39);
    expect((await unwrap({ ...box, triangles: new Uint32Array(0) })).charts).toBe(0);
    await expect(unwrap({ ...box, triangles: Uint32Array.of(0, 1, 8) })).rejects.toThrow(/names vertex 8/);
    await expect(unwrap({ ...box, positions: box.positions.fill(Infinity, 4, 5) })).rejects.toThrow(/not finite/);
    await expect(unwrap(box, { resolution: 3 })).rejects.toThrow(/resolution/);
    await expect(unwrap(box, { padding: -1 })).rejects.toThrow(/padding/);
  });
});
