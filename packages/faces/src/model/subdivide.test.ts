import { icosphereShape } from '@chiaro/render';
import { expect, it } from 'vitest';
import { checkFaceModel } from './faceModelData.js';
import type { FaceModelData } from './faceModelData.js';
import { smallModel } from './smallModel.testing.js';
import { subdivideFaceModel } from './subdivide.js';

it('parts stay together, the mirror map stays a mirror, lists fit', () => {
  const data = smallModel();
  const fine = checkFaceModel(subdivideFaceModel(data));
  expect(fine.triangles.length).toBe(4 * data.triangles.length);
  expect(fine.uvTriangles.length).toBe(fine.triangles.length);
  for (const { vertexStart, vertexCount, triangleStart, triangleCount } of fine.parts) {
    const used = new Set(fine.triangles.subarray(3 * triangleStart, 3 * (triangleStart + triangleCount)));
    expect([Math.min(...used), Math.max(...used)]).toEqual([vertexStart, vertexStart + vertexCount - 1]);
  }
  fine.mirror.forEach((m, v) => {
    expect(fine.mirror[m]).toBe(v);
    expect(fine.positions[3 * v]).toBeCloseTo(-fine.positions[3 * m], 4);
    expect(fine.positions[3 * v + 1]).toBeCloseTo(fine.positions[3 * m + 1], 4);
  });
  // landmarks are the same places: a corner moves less than its edges are long
  data.landmarks.forEach((v, k) => {
    const w = fine.landmarks[k];
    const moved = [0, 1, 2].map((c) => fine.positions[3 * w + c] - data.positions[3 * v + c]);
    expect(Math.hypot(...moved)).toBeLessThan(3);
  });
});

it("weights are Loop's: 5/8 and 3/8 around a vertex of six, 3/8 and 1/8 about an edge, 3/4 and 1/8 on a rim", () => {
  const data = smallModel();
  const inner = 9 + 2; // second row, third column: six neighbours
  const rim = 2; // first row
  const one = (v: number): FaceModelData => {
    const identity = new Float32Array(data.positions.length);
    identity[3 * v] = 1;
    return subdivideFaceModel({ ...data, identity });
  };
  const weightsAt = (v: number): Map<number, number> => {
    const found = new Map<number, number>();
    one(v).identity.forEach((x, k) => k % 3 === 0 && x !== 0 && found.set(x, (found.get(x) ?? 0) + 1));
    return found;
  };
  expect(weightsAt(inner)).toEqual(
    new Map([
      [0.625, 1], // itself
      [0.0625, 4], // 3/8 / 6 to the inner neighbours; the two on the rim follow their own curve
      [0.375, 6], // its edges
      [0.125, 5], // the edges opposite, but for the one on the rim
    ]),
  );
  const onRim = weightsAt(rim);
  expect(onRim.get(0.75)).toBe(1);
  expect(onRim.get(0.5)).toBe(2);
});

it('a sphere of triangles stays round', () => {
  const { positions, triangles } = icosphereShape({ subdivisions: 2 });
  const base = smallModel();
  const vertices = positions.length / 3;
  const one = {
    name: 'ball',
    vertexStart: 0,
    vertexCount: vertices,
    triangleStart: 0,
    triangleCount: triangles.length / 3,
  };
  const fine = subdivideFaceModel({
    ...base,
    ...{ positions: Float32Array.from(positions), triangles: Uint32Array.from(triangles), parts: [one] },
    ...{ identity: new Float32Array(0), blendshapes: new Float32Array(0), blendshapeNames: [] },
    ...{ mask: new Float32Array(vertices).fill(1), mirror: Uint32Array.from({ length: vertices }, (_, v) => v) },
  });
  const radii = Array.from({ length: fine.positions.length / 3 }, (_, v) =>
    Math.hypot(...fine.positions.subarray(3 * v, 3 * v + 3)),
  );
  expect(Math.max(...radii) / Math.min(...radii)).toBeLessThan(1.01);
  expect(fine.mask.every((x) => Math.abs(x - 1) < 1e-6)).toBe(true);
});
