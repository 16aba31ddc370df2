import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensor } from '@chiaro/autograd';
import { icosphereShape, mesh, pinhole, vertexNormals } from '@chiaro/render';
import { openResults } from '../../tools/evaluate/resultFile.mjs';
import { align, closestOnTriangle, faceDistance, moved, type Motion } from '../../tools/evaluate-fit/geometry.mjs';
import { albedoError, gainTo, lightError, psnrInside } from '../../tools/evaluate-fit/measures.mjs';
import { castShadow } from '../../tools/evaluate-fit/shadows.mjs';

// The figures of tools/evaluate-*.mjs are claims about the fit: what they measure is checked on cases that are known.

// on a grid, so that triangles are often lines or points
const coordinate = fc.oneof(
  fc.integer({ min: -2, max: 2 }),
  fc.integer({ min: -50_000, max: 50_000 }).map((k) => k / 1000),
);
const point = fc.tuple(coordinate, coordinate, coordinate);
const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/** Turn about the axis (2, -1, 2) / 3. */
function motionOf(angle: number, scale: number): Motion {
  const [x, y, z] = [2 / 3, -1 / 3, 2 / 3];
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const t = 1 - c;
  return {
    rotation: [
      [t * x * x + c, t * x * y - s * z, t * x * z + s * y],
      [t * x * y + s * z, t * y * y + c, t * y * z - s * x],
      [t * x * z - s * y, t * y * z + s * x, t * z * z + c],
    ],
    scale,
    translation: [3, -8, 5],
  };
}

describe('distances between faces', () => {
  it('the closest point of a triangle is on it, and no other of its points is closer', () => {
    const weights = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(point, point, point, point, weights, (p, a, b, c, [u, v]) => {
        const q = closestOnTriangle(p, a, b, c);
        const [s, t] = u + v > 1 ? [1 - u, 1 - v] : [u, v];
        const other = a.map((x, k) => x + s * (b[k] - x) + t * (c[k] - x));
        expect(distance(p, q)).toBeLessThanOrEqual(distance(p, other) + 1e-6);
        // no farther from the corners than they are from each other
        const longest = Math.max(distance(a, b), distance(b, c), distance(c, a));
        for (const corner of [a, b, c]) expect(distance(q, corner)).toBeLessThanOrEqual(longest + 1e-6);
      }),
      { seed: 3, numRuns: 1000 },
    );
  });

  it('align finds a motion again', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        (angle, scale) => {
          const points = Float64Array.from({ length: 60 }, (_, i) => 30 * Math.sin(7.3 * i + 1));
          const truth = motionOf(angle, scale);
          const targets = moved(points, truth);
          const pairs = Array.from({ length: 20 }, (_, k) => [
            points.subarray(3 * k, 3 * k + 3),
            targets.subarray(3 * k, 3 * k + 3),
          ]) as [Float64Array, Float64Array][];
          const found = align(pairs, true);
          found.rotation.flat().forEach((x, k) => expect(x).toBeCloseTo(truth.rotation.flat()[k], 6));
          expect(found.scale).toBeCloseTo(scale, 6);
          expect(align(pairs).scale).toBe(1);
        },
      ),
    );
  });

  // an ellipsoid: a ball would fit itself under any turn
  const ball = icosphereShape({ radius: 1, subdivisions: 3 });
  const positions = Float64Array.from(ball.positions, (x, i) => x * [70, 100, 90][i % 3]);
  const count = positions.length / 3;
  const ids = [...Array(count).keys()];
  const landmarks = Array.from({ length: 68 }, (_, k) => Math.floor((k * count) / 68));
  const face = { positions, triangles: ball.triangles, region: ids, landmarks };

  it('faceDistance does not mind where the faces are, and measures what is between them', () => {
    const there = { ...face, positions: moved(positions, motionOf(0.4, 1)) };
    expect(faceDistance(there, face).toTruth).toBeLessThan(1e-3);
    const thicker = { ...face, positions: positions.map((x) => 1.03 * x) };
    const { toTruth, toFit } = faceDistance(thicker, face);
    // 3 % of semi-axes of 70 to 100 mm
    for (const mm of [toTruth, toFit]) {
      expect(mm).toBeGreaterThan(2.1);
      expect(mm).toBeLessThan(3);
    }
    const scaled = faceDistance(thicker, face, true);
    expect(scaled.scale).toBeCloseTo(1 / 1.03, 3);
    expect(scaled.toTruth).toBeLessThan(0.05);
  });

  it('counts what only one face has in one direction only', () => {
    const upper = ids.filter((v) => positions[3 * v + 1] > 0);
    const kept = new Set(upper);
    const triangles = Uint32Array.from(
      Array.from({ length: ball.triangles.length / 3 }, (_, f) => [...ball.triangles.subarray(3 * f, 3 * f + 3)])
        .filter((t) => t.every((v) => kept.has(v)))
        .flat(),
    );
    const half = { ...face, triangles, region: upper };
    const { toTruth, toFit } = faceDistance(half, face);
    expect(toTruth).toBeLessThan(0.01);
    expect(toFit).toBeGreaterThan(5); // the lower half has nothing near it
  });
});

describe('figures inside a mask', () => {
  const mask = Uint8Array.of(1, 1, 0, 1);
  const albedo = [0.5, 0.3, 0.2, 0.6, 0.4, 0.3, 9, 9, 9, 0.2, 0.1, 0.08];

  it('albedos that differ by one factor do not differ, and what lies outside does not count', () => {
    const dim = albedo.map((x, i) => (i >= 6 && i < 9 ? 0 : x / 3));
    const gain = gainTo(dim, albedo, mask);
    expect(gain).toBeCloseTo(3, 6);
    expect(albedoError(dim, albedo, mask, gain)).toBeCloseTo(0, 6);
    expect(albedoError(dim, albedo, mask, 1)).toBeCloseTo(Math.log(3), 6);
    const shadowed = albedo.map((x, i) => (i < 3 ? x / 2 : x));
    expect(albedoError(shadowed, albedo, Uint8Array.of(1, 0, 0, 0), 1)).toBeCloseTo(Math.log(2), 6);
  });

  it('psnrInside is that of displayed values', () => {
    // linear 1 and 0 are displayed as 1 and 0; a third of the numbers inside differ by 1
    const a = [1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0];
    const b = [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0];
    expect(psnrInside(a, b, mask)).toBeCloseTo(-10 * Math.log10(1 / 3), 6);
  });

  it('lightError knows a factor per colour, missing bands and a turn', () => {
    const truth = new Float32Array(243);
    truth.set([2, 2, 2, 0.1, 0.1, 0.1, 0.5, 0.5, 0.5, 0.4, 0.4, 0.4]);
    const coloured = truth.map((x, i) => x * [2, 1, 0.5][i % 3]);
    expect(lightError(coloured, truth).gained).toBeCloseTo(0, 6);
    expect(lightError(coloured, truth).raw).toBeCloseTo(Math.sqrt((1 + 0 + 0.25) / 3), 5);
    expect(lightError(coloured, truth).degrees).toBeCloseTo(0, 3);
    const first = lightError(truth.subarray(0, 3), truth);
    expect(first.raw).toBeCloseTo(Math.sqrt(0.42 / 4.42), 5);
    const turned = truth.slice();
    turned.set([0.4, 0.4, 0.4], 6); // z and x exchanged: (0.4, 0.1, 0.5) becomes (0.5, 0.1, 0.4)
    turned.set([0.5, 0.5, 0.5], 9);
    expect(lightError(turned, truth).degrees).toBeCloseTo((Math.acos(0.41 / 0.42) * 180) / Math.PI, 2);
  });
});

describe('castShadow', () => {
  it('finds the shadow of a ball on a wall, and not the dark side of the ball', async () => {
    const size = 64;
    const ball = icosphereShape({ radius: 40, subdivisions: 3 });
    const wall = [-300, -300, -150, 300, -300, -150, 300, 300, -150, -300, 300, -150];
    const start = ball.positions.length / 3;
    const positions = Float32Array.from([...ball.positions, ...wall], (x, i) => x - (i % 3 === 2 ? 900 : 0));
    const triangles = Uint32Array.from([...ball.triangles, ...[0, 1, 2, 0, 2, 3].map((k) => start + k)]);
    const uvs = new Float32Array((positions.length / 3) * 2);
    const both = mesh({ positions, triangles, uvs });
    const intrinsics = tensor([130, 130, size / 2, size / 2]);
    const camera = pinhole({ width: size, height: size, near: 50, far: 5000, intrinsics });
    const direction = [Math.SQRT1_2, 0, Math.SQRT1_2] as const;
    const shadow = await castShadow({ ...both, normals: vertexNormals(both.positions, both.topology) }, camera, {
      direction: [...direction],
      sharpness: 5000,
    });
    // on the wall at z = -1050 a pixel is 8.08 mm wide; the shadow's middle is 150 mm to the left, at pixel 13.4
    const pixels = [...shadow.keys()].filter((k) => shadow[k] === 1);
    const middle = pixels.reduce((sum, k) => sum + (k % size) + 0.5, 0) / pixels.length;
    expect(Math.abs(middle - 13.4)).toBeLessThan(0.7);
    const area = (Math.PI * 40 * 40 * Math.SQRT2) / (1050 / 130) ** 2;
    expect(Math.abs(pixels.length / area - 1)).toBeLessThan(0.12);
    // the ball is 5.8 pixels wide to each side of the middle, half of it dark
    expect(pixels.filter((k) => k % size > 25 && k % size < 39)).toEqual([]);
  });
});

describe('openResults', () => {
  it('goes on where a run was ended, and does not mix settings', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chiaro-results-'));
    try {
      const file = join(folder, 'deep', 'results.json');
      const options = { settings: { size: 96 }, keyOf: (entry: { face: number; value?: number }) => `${entry.face}` };
      const first = openResults(file, options);
      first.add({ face: 1, value: 0.123456789 }, 'adapter');
      first.add({ face: 2 });
      const second = openResults(file, options);
      expect([second.has('1'), second.has('2'), second.has('3')]).toEqual([true, true, false]);
      second.add({ face: 1, value: 2 });
      const written = JSON.parse(readFileSync(file, 'utf8')) as { adapter: string; entries: unknown[] };
      expect(written.adapter).toBe('adapter');
      expect(written.entries).toEqual([{ face: 2 }, { face: 1, value: 2 }]);
      expect(() => openResults(file, { ...options, settings: { size: 128 } })).toThrow(/other settings/);
      expect(openResults(file, { ...options, settings: { size: 128 }, fresh: true }).has('1')).toBe(false);
      expect(readdirSync(join(folder, 'deep'))).toEqual(['results.json']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
