import { mat3, mat4, quat, vec3, vec4 } from 'gl-matrix';
import { describe, expect, it } from 'vitest';
import { tensor, valueAndGrad } from '../engine.js';
import type { Tensor } from '../engine.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import { axisAngle, euler, lookAt, perspective, pinhole, quaternion, rotation6D } from './index.js';
import type { EulerOrder, Rotation } from './index.js';

const random = randomNumbers(5);
const between = (a: number, b: number): number => a + (b - a) * random();
const vector = (): [number, number, number] => [between(-1, 1), between(-1, 1), between(-1, 1)];

/** Row-major numbers of a gl-matrix matrix. */
const rowsOf = (m: mat3): number[] => [...mat3.transpose(mat3.create(), m)];
const matrixOf = async (r: Rotation): Promise<number[]> => [...(await r.matrix.data())];

describe('rotations', () => {
  it("agree with gl-matrix's quaternions in every form", async () => {
    for (const angle of [0, 1e-5, 0.005, 0.02, 1, 3.1]) {
      const axis = vec3.normalize(vec3.create(), vector());
      const q = quat.setAxisAngle(quat.create(), axis, angle);
      const expected = rowsOf(mat3.fromQuat(mat3.create(), q));
      const r = [...axis].map((a) => a * angle);
      expect(largestDifference(await matrixOf(axisAngle(tensor(r))), expected)).toBeLessThan(2e-6);
      expect(largestDifference(await matrixOf(quaternion(tensor([...q]).mul(3))), expected)).toBeLessThan(2e-6);
      const m = expected;
      const six = [2 * m[0], 2 * m[3], 2 * m[6], m[1] + m[0], m[4] + m[3], m[7] + m[6]];
      expect(largestDifference(await matrixOf(rotation6D(tensor(six))), expected)).toBeLessThan(2e-6);
    }
  });

  it.each(['XYZ', 'ZYX', 'YXZ'] as EulerOrder[])('euler angles multiply in the order %s', async (order) => {
    const angles = vector();
    const q = quat.create();
    const axes = { X: [1, 0, 0], Y: [0, 1, 0], Z: [0, 0, 1] };
    for (const name of order) {
      const axis = name as 'X' | 'Y' | 'Z';
      quat.multiply(
        q,
        q,
        quat.setAxisAngle(quat.create(), axes[axis] as [number, number, number], angles['XYZ'.indexOf(axis)]),
      );
    }
    expect(
      largestDifference(await matrixOf(euler(tensor(angles), order)), rowsOf(mat3.fromQuat(mat3.create(), q))),
    ).toBeLessThan(1e-6);
  });

  it('have gradients, also at the identity', async () => {
    const p = [0.3, -0.2, 0.9];
    const g = [0.5, 1.5, -1];
    const along = (r: Tensor): Tensor => axisAngle(r).apply(tensor(p)).mul(tensor(g)).sum();
    const [, atIdentity] = valueAndGrad(along)(tensor([0, 0, 0]));
    const cross = vec3.cross(vec3.create(), p as [number, number, number], g as [number, number, number]);
    expect(largestDifference(await atIdentity.data(), [...cross])).toBeLessThan(1e-6); // d(r x p).g / dr = p x g
    const at = [0.7, -0.4, 0.2];
    const host = (r: number[]): number => {
      const angle = Math.hypot(...r);
      const q = quat.setAxisAngle(quat.create(), r.map((v) => v / angle) as [number, number, number], angle);
      return vec3.dot(
        vec3.transformQuat(vec3.create(), p as [number, number, number], q),
        g as [number, number, number],
      );
    };
    const [, gradient] = valueAndGrad(along)(tensor(at));
    const numeric = at.map(
      (_, k) =>
        (host(at.map((v, i) => v + (i === k ? 1e-2 : 0))) - host(at.map((v, i) => v - (i === k ? 1e-2 : 0)))) / 2e-2,
    );
    expect(largestDifference(await gradient.data(), numeric)).toBeLessThan(1e-4);
  });
});

describe('cameras', () => {
  const points = Array.from({ length: 40 }, () => [between(-1, 1), between(-1, 1), between(-1, 1)]);
  const eye: [number, number, number] = [2, 1, 4];

  it("project as gl-matrix's lookAt and perspectiveZO", async () => {
    const camera = perspective({ fovY: 0.7, width: 200, height: 100, near: 0.5, far: 20, ...lookAt(eye, [0, 0.1, 0]) });
    const view = mat4.lookAt(mat4.create(), eye, [0, 0.1, 0], [0, 1, 0]);
    const projection = mat4.perspectiveZO(mat4.create(), 0.7, 2, 0.5, 20);
    const clip = mat4.multiply(mat4.create(), projection, view);
    const expected = points.map(([x, y, z]) => vec4.transformMat4(vec4.create(), [x, y, z, 1], clip));
    expect(
      largestDifference(
        await camera.project(tensor(points)).data(),
        expected.flatMap((v) => [...v]),
      ),
    ).toBeLessThan(1e-5);
    const pixels = expected.flatMap((v) => [(v[0] / v[3] + 1) * 100, (1 - v[1] / v[3]) * 50, v[3]]);
    const found = camera.toPixels(tensor(points));
    expect(largestDifference(await found.data(), pixels)).toBeLessThan(2e-3 / 10);
    expect(largestDifference(await camera.unproject(found).data(), points.flat())).toBeLessThan(2e-5);
    const { origins, directions } = camera.rays(found.slice(null, [0, 2]));
    const hits = points.flatMap((p) => {
      const d = vec3.normalize(vec3.create(), vec3.subtract(vec3.create(), p as [number, number, number], eye));
      return [...d];
    });
    expect(largestDifference(await directions.data(), hits)).toBeLessThan(2e-6);
    expect([...(await origins.slice(0).data())]).toEqual(eye);
  });

  it('take an intrinsics matrix, equal to the field of view, with gradients to it and to the pose', async () => {
    const f = 50 / Math.tan(0.35);
    const matrix = tensor([
      [f, 0, 100],
      [0, f, 50],
      [0, 0, 1],
    ]);
    const pose = lookAt(eye, [0, 0.1, 0]);
    const a = perspective({ fovY: 0.7, width: 200, height: 100, ...pose });
    const make = (k: Tensor, position: Tensor): Tensor =>
      pinhole({ intrinsics: k, width: 200, height: 100, rotation: pose.rotation, position }).toPixels(tensor(points));
    expect(
      largestDifference(await make(matrix, pose.position).data(), await a.toPixels(tensor(points)).data()),
    ).toBeLessThan(1e-4);

    const loss = (t: { k: Tensor; p: Tensor }): Tensor => make(t.k, t.p).slice(null, 0).sum();
    const [, gradient] = valueAndGrad(loss)({ k: matrix, p: pose.position });
    const view = mat4.lookAt(mat4.create(), eye, [0, 0.1, 0], [0, 1, 0]);
    const seen = points.map(([x, y, z]) => vec4.transformMat4(vec4.create(), [x, y, z, 1], view));
    const byFocal = seen.reduce((s, v) => s - v[0] / v[2], 0);
    expect((await gradient.k.data())[0] / byFocal).toBeCloseTo(1, 4);
    expect((await gradient.k.data())[2]).toBeCloseTo(points.length, 3);
    // moving the camera along its right axis by t moves pixels by -f t / depth
    const right = [view[0], view[4], view[8]];
    const slide = [...(await gradient.p.data())].reduce((s, g, k) => s + g * right[k], 0);
    expect(slide / seen.reduce((s, v) => s + f / v[2], 0)).toBeCloseTo(1, 4);
  });
});
