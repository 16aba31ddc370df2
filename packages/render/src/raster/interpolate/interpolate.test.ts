import { describe, expect, it } from 'vitest';
import { ShapeError, gradcheck, profile, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { perspective } from '../../camera/index.js';
import { randomNumbers } from '../../testing/random.testing.js';
import { rasterize } from '../rasterize/rasterize.js';
import { interpolate } from './interpolate.js';

const random = randomNumbers(11);
const pair = tensor(Int32Array.from([0, 1, 2, 1, 3, 2]), [2, 3]);
const size = { height: 12, width: 16 };
const corners = [
  [-0.8, -0.7, 0.5, 1],
  [0.9, -0.5, 0.4, 1.2],
  [0.1, 0.8, 0.7, 1.5],
  [0.9, 0.9, 0.5, 1],
];

describe('interpolate', () => {
  it('is perspective-correct to 1e-5: points of a slanted plane are where the rays of the pixels meet it', async () => {
    const camera = perspective({ fovY: 0.9, width: 64, height: 48, near: 0.1, far: 20 });
    // one corner is behind the camera
    const points = [
      [-1.5, -1, -2],
      [2, -1.2, -3],
      [-1, 1.5, -6],
      [2.5, 0.2, 1],
    ];
    const positions = tensor(points);
    for (const faces of [
      [0, 1, 2],
      [0, 1, 3],
    ]) {
      const triangles = tensor(Int32Array.from(faces), [1, 3]);
      const hit = rasterize(camera.project(positions), triangles, camera.size);
      const { value, derivatives } = interpolate(positions, hit, triangles);
      const [ids, found, slopes] = await Promise.all([hit.triangles.data(), value.data(), derivatives.data()]);
      const [a, b, c] = faces.map((f) => points[f]);
      const sub = (x: number[], y: number[]): number[] => x.map((v, k) => v - y[k]);
      const dot = (x: number[], y: number[]): number => x.reduce((s, v, k) => s + v * y[k], 0);
      const [u, v] = [sub(b, a), sub(c, a)];
      const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
      const focal = 24 / Math.tan(0.45);
      const meets = (x: number, y: number): number[] => {
        const ray = [(x - 32) / focal, (24 - y) / focal, -1];
        return ray.map((d) => (d * dot(normal, a)) / dot(normal, ray));
      };
      let covered = 0;
      ids.forEach((id, i) => {
        if (id < 0) {
          expect(Math.max(...found.slice(3 * i, 3 * i + 3).map(Math.abs))).toBe(0);
          return;
        }
        const [x, y] = [(i % 64) + 0.5, Math.floor(i / 64) + 0.5];
        const expected = meets(x, y);
        const length = Math.hypot(...expected);
        expected.forEach((e, k) => expect(Math.abs(found[3 * i + k] - e) / length).toBeLessThan(1e-5));
        for (const [axis, step] of [
          [0, [1e-4, 0]],
          [1, [0, 1e-4]],
        ] as const) {
          const [after, before] = [1, -1].map((s) => meets(x + s * step[0], y + s * step[1]));
          sub(after, before).forEach((d, k) =>
            expect(Math.abs(slopes[6 * i + 3 * axis + k] - d / 2e-4) / length).toBeLessThan(2e-4),
          );
        }
        covered++;
      });
      expect(covered).toBeGreaterThan(100);
    }
  });

  it('has gradients to attributes and clip coordinates, of values and derivatives, forward and backward', async () => {
    const attributes = tensor(Array.from({ length: 4 }, () => [random(), random(), random()]));
    const run = (a: Tensor, clip: Tensor): Tensor[] => {
      const { value, derivatives } = interpolate(a, rasterize(clip, pair, size), pair);
      return [value, derivatives];
    };
    await gradcheck(run, [attributes, tensor(corners)], { most: 40 });
    // a batch, and attributes by their own list
    const each = tensor([0, 1].map((k) => Array.from({ length: 6 }, () => [random() + k])));
    const own = tensor(Int32Array.from([5, 0, 3, 1, 4, 2]), [2, 3]);
    const moved = tensor([corners, corners.map((row, k) => row.map((x) => x + 0.02 * k))]);
    await gradcheck(
      (a: Tensor, clip: Tensor) => interpolate(a, rasterize(clip, pair, size), own).value,
      [each, moved],
      { most: 40 },
    );
  });

  it('derivatives that nobody asks for are not computed', async () => {
    const attributes = tensor(Array.from({ length: 4 }, () => [random()]));
    const { kernels } = await profile(() =>
      interpolate(attributes, rasterize(tensor(corners), pair, size), pair).value.data(),
    );
    expect(kernels.map(({ label }) => label)).not.toContain('barycentricDerivatives');
  });

  it('says what does not fit', () => {
    const hit = rasterize(tensor(corners), pair, size);
    expect(() => interpolate(tensor([1, 2]), hit, pair)).toThrow(ShapeError);
    expect(() => interpolate(tensor([[[1]], [[2]]]), hit, pair)).toThrow(/got \[2, 1, 1\] for images \[12, 16\]/);
    expect(() => interpolate(tensor([[1]]), hit, tensor([[0, 0, 0]]))).toThrow(/whole numbers, got float32/);
  });
});
