import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, gradcheck, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import { axisAngle, lookAt, orthographic, perspective, pinhole, rotationOf, weakPerspective } from './index.js';
import type { Camera } from './index.js';

const random = randomNumbers(8);
const between = (a: number, b: number): number => a + (b - a) * random();
const points = Array.from({ length: 24 }, () => [between(-1, 1), between(-1, 1), between(-1, 1)]);
const lens = [-0.28, 0.09, 1e-3, -7e-4, -0.01]; // a wide-angle lens, as calibrations of such give

const kinds = {
  perspective: (turn: Tensor, position: Tensor) =>
    perspective({ fovY: 0.6, width: 64, height: 48, rotation: axisAngle(turn), position }),
  distorted: (turn: Tensor, position: Tensor, size = 60, distortion = tensor(lens)) => {
    const intrinsics = tensor([size, 1.1 * size, 33, 23]);
    return pinhole({ intrinsics, distortion, width: 64, height: 48, rotation: axisAngle(turn), position });
  },
  orthographic: (turn: Tensor, position: Tensor) =>
    orthographic({ extent: 3, width: 64, height: 48, rotation: axisAngle(turn), position }),
  'weak perspective': (turn: Tensor, position: Tensor, scale = tensor(15), center = tensor([30, 20])) =>
    weakPerspective({ scale, center, width: 64, height: 48, rotation: axisAngle(turn), position }),
};
const names = Object.keys(kinds) as (keyof typeof kinds)[];

/** Brown and Conrady's formula for a point in the camera's frame, as computer vision writes it. */
function distortedPlace([x, y, z]: readonly number[], [k1, k2, p1, p2, k3]: readonly number[]): [number, number] {
  const [u, v] = [x / -z, -y / -z];
  const r = Math.hypot(u, v);
  const radial = 1 + k1 * r ** 2 + k2 * r ** 4 + k3 * r ** 6;
  return [
    u * radial + 2 * p1 * u * v + p2 * (r ** 2 + 2 * u ** 2),
    v * radial + p1 * (r ** 2 + 2 * v ** 2) + 2 * p2 * u * v,
  ];
}

describe.each(names)('a %s camera', (name) => {
  const number = fc.double({ min: -1, max: 1, noNaN: true });

  it('finds the way back from pixels, along rays and in clip space', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(number, number, number), fc.tuple(number, number), async (turn, [x, y]) => {
        const camera = kinds[name](tensor(turn), tensor([x, y, 5]));
        const before = camera.unproject(tensor(points.map(([u, v, w]) => [32 + 32 * u, 24 + 24 * v, 4 + w])));
        const pixels = camera.toPixels(before);
        const { origins, directions } = camera.rays(pixels.narrow(1, 0, 2));
        const along = before.sub(origins);
        const clip = camera.project(before);
        const [there, missed, length, seen, screen] = await Promise.all([
          pixels.data(),
          along.sub(directions.mul(along.mul(directions).sum(1, true))).data(),
          directions.square().sum(1).data(),
          camera.eyes(before).expand(before.shape).sub(origins).data(),
          clip
            .narrow(1, 0, 2)
            .div(clip.narrow(1, 3, 1))
            .data(),
        ]);
        const wanted = points.flatMap(([u, v, w]) => [32 + 32 * u, 24 + 24 * v, 4 + w]);
        expect(largestDifference(there, wanted)).toBeLessThan(1e-3); // pixels
        expect(largestDifference(missed, missed.map(() => 0))).toBeLessThan(2e-5); // prettier-ignore
        expect(largestDifference(length, length.map(() => 1))).toBeLessThan(2e-6); // prettier-ignore
        expect(largestDifference(seen, seen.map(() => 0))).toBeLessThan(2e-5); // prettier-ignore
        expect(
          largestDifference(
            screen,
            points.flatMap(([u, v]) => [u, -v]),
          ),
        ).toBeLessThan(5e-5);
      }),
      { numRuns: 6, seed: 4 },
    );
  });

  it('asked for several views gives those of each camera', async () => {
    const turns = [[0.1, 0.2, 0], [0, -0.3, 0.1]]; // prettier-ignore
    const places = [[0, 0, 5], [0.3, -0.2, 6]]; // prettier-ignore
    const both = kinds[name](tensor(turns), tensor(places));
    expect(both.views).toBe(2);
    const each = turns.map((turn, k) => kinds[name](tensor(turn), tensor(places[k])));
    const shared = tensor(points);
    const own = tensor([points, points.map(([x, y, z]) => [y, z, x])]);
    const compare = async (ask: (camera: Camera, x: Tensor) => Tensor, tolerance: number): Promise<void> => {
      const answers = [ask(both, shared), ask(both, own)];
      for (const answer of answers) expect(answer.shape[0]).toBe(2);
      const data = await Promise.all(answers.map((a) => a.flatten().data()));
      const alone = await Promise.all(
        [each.map((c) => ask(c, shared)), each.map((c, k) => ask(c, own.select(0, k)))]
          .flat()
          .map((t) => t.expand([24, answers[0].shape[2]]).data()),
      );
      expect(largestDifference(data[0], [...alone[0], ...alone[1]])).toBeLessThan(tolerance);
      expect(largestDifference(data[1], [...alone[2], ...alone[3]])).toBeLessThan(tolerance);
    };
    await compare((camera, x) => camera.project(x), 1e-5);
    await compare((camera, x) => camera.toPixels(x), 1e-4);
    await compare((camera, x) => camera.unproject(x.add(tensor([20, 20, 5]))), 1e-4);
    await compare((camera, x) => camera.rays(x.narrow(-1, 0, 2).add(20)).origins, 1e-5);
    await compare((camera, x) => camera.rays(x.narrow(-1, 0, 2).add(20)).directions, 1e-5);
    await compare((camera, x) => camera.eyes(x), 1e-5);
  });
});

describe('lenses', () => {
  it('distort as Brown and Conrady say, and keep what would fold back out of the image', async () => {
    const camera = kinds.distorted(tensor([0, 0, 0]), tensor([0, 0, 0]));
    const seen = points.map(([x, y, z]) => [x, y, z - 2.2]);
    const expected = seen.flatMap((p) => {
      const [u, v] = distortedPlace(p, lens);
      return [60 * u + 33, 66 * v + 23, -p[2]];
    });
    expect(largestDifference(await camera.toPixels(tensor(seen)).data(), expected)).toBeLessThan(1e-4);
    const [x, y, z] = [2.5, 0, -1]; // beyond the radius where the polynomial turns round
    expect(Math.abs(distortedPlace([x, y, z], lens)[0])).toBeLessThan(0.8);
    expect((await camera.project(tensor([x, y, z])).data())[3]).toBeLessThan(0);
    const inside = await camera.project(tensor([0.9, 0, -1])).data();
    expect(inside[3]).toBeCloseTo(1, 6);
  });

  it('that are orthographic see parallel lines as parallel, at a scale', async () => {
    const { width, height } = { width: 40, height: 20 };
    const pose = lookAt([3, 0, 0], [0, 0, 0]);
    const camera = orthographic({ extent: 4, width, height, near: 1, far: 5, ...pose });
    const pixels = [20 - 5 * 0.5, 10 - 5 * 0.2, 3 - 0.7]; // it looks along -X: +Z is to the left
    expect(largestDifference(await camera.toPixels(tensor([0.7, 0.2, 0.5])).data(), pixels)).toBeLessThan(1e-5);
    expect((await camera.project(tensor([0, 0, 0])).data())[2]).toBeCloseTo(0.5, 6);
    const weak = weakPerspective({ scale: 5, width, height, near: 1, far: 5, ...pose });
    const [a, b] = [camera, weak].map((c) => c.project(tensor(points)).data());
    expect(largestDifference(await a, await b)).toBeLessThan(1e-6);
  });

  it('have gradients to pose and lens, of places and of rays', async () => {
    const [turn, position, few] = [tensor([0.1, -0.2, 0.05]), tensor([0.1, 0.2, 4]), tensor(points.slice(0, 3))];
    const place = tensor([20, 12]);
    const through = (r: Tensor, p: Tensor, distortion: Tensor, x: Tensor): readonly Tensor[] => {
      const camera = kinds.distorted(r, p, 60, distortion);
      const { origins, directions } = camera.rays(place);
      return [camera.project(x), camera.toPixels(x).mul(0.01), origins, directions];
    };
    await gradcheck(through, [turn, position, tensor(lens), few], { most: 6 });
    const flat = (r: Tensor, p: Tensor, scale: Tensor, x: Tensor): readonly Tensor[] => {
      const camera = kinds['weak perspective'](r, p, scale);
      return [camera.project(x), camera.toPixels(x).mul(0.01), ...Object.values(camera.rays(place)), camera.eyes(x)];
    };
    await gradcheck(flat, [turn, position, tensor(14), few], { most: 6 });
  });

  it('and poses that do not fit each other are refused', () => {
    const size = { width: 4, height: 4 };
    const turns = rotationOf(tensor(new Float32Array(18), [2, 3, 3]));
    expect(() => perspective({ ...size, fovY: 1, rotation: turns, position: tensor([[0, 0, 0]]) })).toThrow(ShapeError);
    expect(() => perspective({ ...size, fovY: 1, distortion: tensor([0.1]) })).toThrow(/distortion must be \[5\]/);
    expect(() => orthographic({ ...size, extent: 0 })).toThrow(/above 0/);
    const two = perspective({ ...size, fovY: 1, rotation: turns });
    expect(() => two.project(tensor(new Float32Array(18), [3, 2, 3]))).toThrow(/camera of 2 views/);
  });
});
