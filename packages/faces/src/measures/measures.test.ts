import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { icosphereShape, ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { rotationAbout } from '../geometry/rotationAbout.testing.js';
import { applySimilarity } from '../geometry/similarity.js';
import type { Box } from '../landmarks/box.js';
import { loadPhoto } from '../photo/photo.js';
import {
  albedoError,
  angularError,
  faceDescriptor,
  identitySimilarity,
  lightError,
  loadFaceRecognition,
  nowRegion,
  relightingError,
  scanError,
  shadowLeak,
  summarize,
  surfaceError,
  vertexError,
} from './index.js';

const angle = fc.double({ min: -3, max: 3, noNaN: true });
const offset = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: -300, max: 300 }))) as fc.Arbitrary<
  [number, number, number]
>;
const motion = (
  turn: number,
  scale: number,
  translation: [number, number, number],
): Parameters<typeof applySimilarity>[1] => ({
  scale,
  rotation: rotationAbout([1, 2, -2], turn),
  translation,
});

it('summarize: by hand', () => {
  expect(summarize([3, 1, 2, 6])).toEqual({
    ...{
      mean: 3,
      median: 2.5,
      deviation: Math.sqrt((0 + 4 + 1 + 9) / 4),
      rms: Math.sqrt(50 / 4),
      largest: 6,
      count: 4,
    },
  });
  expect(() => summarize([])).toThrow(ShapeError);
});

describe('vertexError', () => {
  const truth = [0, 0, 0, 10, 0, 0, 0, 10, 0, 0, 0, 10, 5, 5, 5];

  it('by hand: one vertex of five is off by 3, 4, 0', () => {
    const found = truth.map((x, k) => x + (k === 3 ? 3 : k === 4 ? 4 : 0));
    const { mean, largest, rms, distances } = vertexError(found, truth);
    expect([mean, largest, rms]).toEqual([1, 5, Math.sqrt(5)]);
    expect(Array.from(distances)).toEqual([0, 5, 0, 0, 0]);
    expect(vertexError(found, truth, { vertices: [0, 2] }).largest).toBe(0);
    expect(() => vertexError(found, truth, { vertices: [5] })).toThrow(/vertex 5/);
    expect(() => vertexError(found.slice(3), truth)).toThrow(/correspond/);
  });

  it('does not see what its alignment allows, and sees the rest', () => {
    fc.assert(
      fc.property(angle, offset, fc.double({ min: 0.5, max: 2, noNaN: true }), (turn, shift, scale) => {
        const bent = truth.map((x, k) => x + Math.sin(3 * k));
        const still = (align: 'rigid' | 'similarity'): number => vertexError(bent, truth, { align }).rms;
        const rigid = applySimilarity(bent, motion(turn, 1, shift));
        const scaled = applySimilarity(bent, motion(turn, scale, shift));
        expect(vertexError(rigid, truth, { align: 'rigid' }).rms).toBeCloseTo(still('rigid'), 6);
        expect(vertexError(scaled, truth, { align: 'similarity' }).rms).toBeCloseTo(still('similarity'), 6);
        expect(still('similarity')).toBeLessThanOrEqual(still('rigid') + 1e-9);
        expect(still('similarity')).toBeGreaterThan(0.1);
      }),
    );
  });
});

describe('distances of surfaces', () => {
  // an ellipsoid: a ball would fit itself under any turn
  const ball = icosphereShape({ radius: 1, subdivisions: 3 });
  const positions = Float64Array.from(ball.positions, (x, i) => x * [70, 100, 90][i % 3]);
  const count = positions.length / 3;
  const ids = Array.from({ length: count }, (_, k) => k);
  const marks = Array.from({ length: 68 }, (_, k) => Math.floor((k * count) / 68));
  const face = (points: Float64Array, rows: readonly number[] = marks): Parameters<typeof surfaceError>[0] => ({
    positions: points,
    triangles: ball.triangles,
    landmarks: rows.flatMap((v) => Array.from(points.subarray(3 * v, 3 * v + 3))),
  });
  const thicker = positions.map((x) => 1.03 * x);

  it('do not mind where the faces are, and measure what is between them', () => {
    fc.assert(
      fc.property(angle, offset, (turn, shift) => {
        const there = applySimilarity(positions, motion(turn, 1, shift));
        expect(surfaceError(face(there), face(positions)).toTruth.largest).toBeLessThan(1e-6);
      }),
      { numRuns: 5 },
    );
    for (const along of ['closest', 'normal'] as const) {
      const { toTruth, toFound } = surfaceError(face(thicker), face(positions), { refine: 3, along });
      // 3 % of semi-axes of 70 to 100 mm
      for (const { mean } of [toTruth, toFound]) {
        expect(mean).toBeGreaterThan(2.1);
        expect(mean).toBeLessThan(3);
      }
    }
    const scaled = surfaceError(face(thicker), face(positions), { kind: 'symmetric', refine: 3 });
    expect(scaled.motion.scale).toBeCloseTo(1 / 1.03, 6);
    expect(scaled.toTruth.mean).toBeLessThan(1e-6);
  });

  it('closest points mend an alignment by landmarks that are off', () => {
    const clumsy = face(positions);
    const off = { ...clumsy, landmarks: Array.from(clumsy.landmarks, (x, k) => x + 4 * Math.sin(k) + 3) };
    const [before, after] = [0, 12].map((refine) => surfaceError(off, face(positions), { refine }).toTruth.mean);
    expect(before).toBeGreaterThan(1.5);
    expect(after).toBeLessThan(0.3 * before);
  });

  it('count what only one face has in one direction only', () => {
    const upper = ids.filter((v) => positions[3 * v + 1] > 0);
    const kept = new Set(upper);
    const triangles = Array.from({ length: ball.triangles.length / 3 }, (_, f) =>
      Array.from(ball.triangles.subarray(3 * f, 3 * f + 3)),
    ).filter((t) => t.every((v) => kept.has(v)));
    const half = { ...face(positions), triangles: triangles.flat(), region: upper };
    const { toTruth, toFound } = surfaceError(half, face(positions));
    expect(toTruth.mean).toBeLessThan(1e-6);
    expect(toFound.mean).toBeGreaterThan(5); // the lower half has nothing near it
    expect(surfaceError(half, face(positions), { reach: 4 }).toFound.largest).toBeLessThanOrEqual(4);
  });

  it('of a scan: a scaled, turned prediction is no error, a bump is one where the radius reaches it', () => {
    const seven = [3, 40, 90, 150, 220, 300, 400];
    const scan = face(positions, seven);
    const there = applySimilarity(positions, motion(0.4, 0.9, [5, 6, 7]));
    const { median, motion: found } = scanError(scan, face(there, seven));
    expect(median).toBeLessThan(1e-6);
    expect(found.scale).toBeCloseTo(1 / 0.9, 6);
    const bumped = positions.map((x, k) => (Math.floor(k / 3) === 220 ? 1.2 * x : x)); // the fifth: the nose
    const [all, near] = [Infinity, 30].map((radius) =>
      scanError({ ...scan, positions: bumped }, face(there, seven), { radius }),
    );
    expect(all.count).toBe(count);
    expect(near.count).toBeLessThan(60);
    expect(near.mean).toBeGreaterThan(5 * all.mean);
    expect(() => scanError(face(positions), face(there))).toThrow(/seven landmarks/);
  });

  it('of a scan: the motion of a prediction is no error, whatever its scale', () => {
    const seven = [3, 40, 90, 150, 220, 300, 400];
    const scan = face(positions, seven);
    const bent = positions.map((x, k) => x + 2 * Math.sin(positions[k - (k % 3)] / 20));
    const { mean } = scanError(scan, face(bent, seven));
    expect(mean).toBeGreaterThan(0.2);
    fc.assert(
      fc.property(angle, offset, fc.double({ min: 0.01, max: 20, noNaN: true }), (turn, shift, scale) => {
        const there = applySimilarity(bent, motion(turn, scale, shift));
        expect(scanError(scan, face(there, seven)).mean).toBeCloseTo(mean, 4);
      }),
      { numRuns: 3 },
    );
  });

  it("nowRegion: the challenge's ball, by hand", () => {
    const marks = [-45, 30, 0, -15, 30, 0, 15, 30, 0, 45, 30, 0, 0, -10, 0, -25, -40, 0, 25, -40, 0];
    const { centre, radius } = nowRegion(marks);
    expect(Array.from(centre)).toEqual([0, 2, 0]); // -10 + 0.3 * 40
    expect(radius).toBeCloseTo((1.4 * (90 + 40)) / 2, 9);
  });
});

describe('angularError', () => {
  it('by hand: 0, 22, 27 and 90 degrees', () => {
    const at = (degrees: number): number[] => [
      Math.cos((degrees * Math.PI) / 180),
      0,
      Math.sin((degrees * Math.PI) / 180),
    ];
    const found = [0, 22, 27, 90, 50].flatMap(at);
    const truth = [0, 0, 0, 0, 0].flatMap(() => [2, 0, 0]);
    const { mean, shares, largest } = angularError(found, truth, { mask: [1, 1, 1, 1, 0] });
    expect(mean).toBeCloseTo(139 / 4, 9);
    expect(largest).toBeCloseTo(90, 9);
    expect(shares).toEqual([
      { degrees: 20, share: 0.25 },
      { degrees: 25, share: 0.5 },
      { degrees: 30, share: 0.75 },
    ]);
    expect(angularError([1, 1e-9, 0], [1, 0, 0]).mean).toBeCloseTo(1e-9 * (180 / Math.PI), 15);
    expect(() => angularError([0, 0, 0], [1, 0, 0])).toThrow(/normal 0 has no direction/);
  });
});

it('angularError minds neither a common turn nor lengths', () => {
  const component = fc.double({ min: -1, max: 1, noNaN: true });
  const normal = fc.tuple(component, component, component).filter((v) => Math.hypot(...v) > 0.1);
  fc.assert(
    fc.property(normal, normal, angle, fc.double({ min: 0.1, max: 9, noNaN: true }), (a, b, turn, scale) => {
      const turned = (v: number[]): Float64Array => applySimilarity(v, motion(turn, 1, [0, 0, 0]));
      const { mean } = angularError(a, b);
      expect(
        angularError(
          turned(a).map((x) => scale * x),
          turned(b),
        ).mean,
      ).toBeCloseTo(mean, 5);
      expect(angularError(b, a).mean).toBeCloseTo(mean, 9);
    }),
  );
});

describe('albedo', () => {
  const mask = Uint8Array.of(1, 1, 0, 1);
  const albedo = [0.5, 0.3, 0.2, 0.6, 0.4, 0.3, 9, 9, 9, 0.2, 0.1, 0.08];

  it('by hand: a factor of 3 raw, none after a gain; what lies outside does not count', () => {
    const dim = albedo.map((x, i) => (i >= 6 && i < 9 ? 0 : x / 3));
    const raw = albedoError(dim, albedo, { mask });
    expect(raw.log).toBeCloseTo(Math.log(3), 6);
    const inside = albedo.filter((_, i) => mask[Math.floor(i / 3)] !== 0);
    expect(raw.rms).toBeCloseTo((2 / 3) * Math.sqrt(inside.reduce((sum, x) => sum + x * x, 0) / 9), 9);
    const one = albedoError(dim, albedo, { mask, gain: 'one' });
    expect([one.log, one.rms]).toEqual([expect.closeTo(0, 6), expect.closeTo(0, 6)]);
    expect(one.gain[0]).toBeCloseTo(3, 6);
    expect(albedoError(dim, albedo, { mask, gains: one.gain }).log).toBeCloseTo(0, 6);
    expect(() => albedoError(dim, albedo, { mask: [0, 0, 0, 0] })).toThrow(/mask is empty/);
  });

  it('a tint counts after one gain, and not after one per channel', () => {
    const gain = fc.double({ min: 0.3, max: 1.8, noNaN: true });
    fc.assert(
      fc.property(gain, gain, gain, (r, g, b) => {
        const tinted = albedo.map((x, i) => x * [r, g, b][i % 3]);
        const error = albedoError(tinted, albedo, { mask, gain: 'perChannel' });
        expect([error.log, error.rms]).toEqual([expect.closeTo(0, 6), expect.closeTo(0, 6)]);
        const spread = Math.max(r, g, b) / Math.min(r, g, b);
        if (spread > 1.1) expect(albedoError(tinted, albedo, { mask, gain: 'one' }).log).toBeGreaterThan(0.01);
      }),
    );
  });

  it('a shadow that halves the albedo leaks log 2, whatever the gain', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 1.5, noNaN: true }), (gain) => {
        const found = albedo.map((x, i) => gain * (i < 3 ? x / 2 : x));
        expect(shadowLeak(found, albedo, [1, 0, 0, 0], [0, 1, 0, 1])).toBeCloseTo(Math.LN2, 6);
      }),
    );
    expect(shadowLeak(albedo, albedo, [1, 0, 0, 0], [0, 1, 0, 1])).toBe(0);
  });
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
  expect(() => lightError(truth, truth.subarray(3))).toThrow(ShapeError);
});

it('relightingError is the mean over lights', async () => {
  const size = 16;
  const grey = (value: number): ReturnType<typeof tensor> =>
    tensor(new Float32Array(size * size * 3).fill(value), [size, size, 3]);
  const mask = new Uint8Array(size * size).fill(1);
  const { mean, each } = await relightingError([grey(1), grey(0)], [grey(1), grey(1)], mask);
  expect(each.map((m) => m.photometricRmse8bit)).toEqual([0, expect.closeTo(255, 3)]);
  expect(mean.photometricRmse8bit).toBeCloseTo(127.5, 3);
  await expect(relightingError([], [], mask)).rejects.toThrow(ShapeError);
});

const folder = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
const weights = join(folder, 'model/face_recognition_model-weights_manifest.json');

it('identitySimilarity: a face is more like itself in dimmer light than like another face', async () => {
  const net = await loadFaceRecognition(weights);
  // where the package's detector finds the faces
  const load = async (name: string, x: number, y: number): Promise<{ image: Tensor; crop: Box }> => {
    const path = new URL(`../../assets/photos/${name}.jpg`, import.meta.url).pathname;
    const { image, height, width } = await loadPhoto(path, { longestSide: 300 });
    return { image: tensor(image.data, [height, width, 3]), crop: { x, y, width: 118, height: 118 } };
  };
  const faces = [await load('nasa_astronaut_collins', 83, 60), await load('usnavy_grace_hopper', 72, 62)];
  const [a, b] = await Promise.all(faces.map(({ image, crop }) => faceDescriptor(net, image, crop)));
  const dim = await faceDescriptor(net, faces[0].image.mul(0.6), faces[0].crop);
  expect(identitySimilarity(a, a)).toBeCloseTo(1, 6);
  expect(identitySimilarity(a, dim)).toBeGreaterThan(identitySimilarity(a, b) + 0.02);
  await expect(faceDescriptor(net, faces[0].image, { x: -1, y: 0, width: 5, height: 5 })).rejects.toThrow(/not inside/);
});
