import { describe, expect, it } from 'vitest';
import { largestDifference } from '../testing/random.testing.js';
import {
  boxShape,
  buildTopology,
  decimate,
  icosphereShape,
  joinMeshes,
  planeShape,
  sphereShape,
  weldSeams,
} from './index.js';
import type { MeshFile } from './index.js';
import { measure } from './measure.testing.js';

describe('decimate', () => {
  it('keeps a ball closed and nearly its volume, with the triangles asked for and vertices of the ball', async () => {
    const ball = icosphereShape({ subdivisions: 4 });
    const { mesh: coarse, vertices, error } = await decimate(ball, { triangles: 500 });
    const { vertexCount, triangleCount, edges, boundary, nonManifoldEdges } = buildTopology(
      coarse.triangles,
      coarse.positions.length / 3,
    );
    expect(triangleCount).toBe(500);
    expect([vertexCount - edges.length / 2 + triangleCount, nonManifoldEdges, boundary.includes(1)]).toEqual([
      2,
      0,
      false,
    ]);
    vertices.forEach((v, k) => {
      expect(coarse.positions.subarray(3 * k, 3 * k + 3)).toEqual(ball.positions.subarray(3 * v, 3 * v + 3));
    });
    // 500 even triangles lie 4 pi / 500 / (3 sqrt 3) = 0.005 below the sphere in their middles
    expect(measure(coarse).volume / ((4 / 3) * Math.PI)).toBeGreaterThan(0.97);
    expect(error).toBeGreaterThan(0.002);
    expect(error).toBeLessThan(0.02);

    const near = await decimate(ball, { maxError: 0.01 });
    expect(near.error).toBeLessThanOrEqual(0.01);
    expect(near.mesh.triangles.length / 3).toBeGreaterThan(500);
    expect(near.mesh.triangles.length / 3).toBeLessThan(5120);
  });

  it('leaves flat faces as their outline, creased normals and all', async () => {
    const flat = await decimate(planeShape({ cells: 16 }), { maxError: 1e-3 });
    expect(flat.mesh.triangles.length / 3).toBe(2);
    expect(measure(flat.mesh).area).toBeCloseTo(4, 6);
    const border = await decimate(planeShape({ cells: 16 }), { maxError: 1e-3, keepBorder: true });
    expect(border.mesh.positions.length / 3).toBeGreaterThanOrEqual(64);

    // a cube of 6 x 4 x 4 squares: 8 corners with three normals each are left
    const side = planeShape({ cells: 4 });
    const turned = [0, 1, 2, 3, 4, 5].map((k): MeshFile => {
      const sign = k < 3 ? 1 : -1;
      const place = ([x, y, z]: number[]): number[] => {
        const p = [sign * x, y, sign * (z + 1)];
        return [p[k % 3], p[(k + 1) % 3], p[(k + 2) % 3]];
      };
      const each = (values: Float32Array, map: (p: number[]) => number[]): Float32Array =>
        Float32Array.from(
          Array.from({ length: values.length / 3 }, (_, v) => map([...values.subarray(3 * v, 3 * v + 3)])).flat(),
        );
      return {
        positions: each(side.positions, place),
        normals: each(side.positions, () => place([0, 0, 0])),
        triangles: side.triangles,
      };
    });
    const cube = weldSeams(joinMeshes(turned));
    expect([cube.positions.length / 3, cube.normals!.length / 3]).toEqual([98, 6]);
    const { mesh: small } = await decimate(cube, { maxError: 1e-3 });
    expect([small.positions.length / 3, small.triangles.length / 3, small.normals!.length / 3]).toEqual([8, 12, 6]);
    expect(measure(small).volume).toBeCloseTo(8, 5);
  });

  it('keeps texture coordinates with their places, on both sides of the seam', async () => {
    const shape = sphereShape({ rows: 24, columns: 48 });
    const file = weldSeams({
      ...shape,
      uvTriangles: shape.triangles,
      normals: shape.positions,
      colors: shape.positions,
    });
    const { mesh: small } = await decimate(file, { triangles: 400 });
    expect(small.triangles.length / 3).toBeLessThanOrEqual(440);
    expect(small.uvTriangles!.length).toBe(small.triangles.length);
    expect(small.normals).toEqual(small.positions);
    expect(small.colors).toEqual(small.positions);
    expect(buildTopology(small.triangles, small.positions.length / 3).boundary.includes(1)).toBe(false);
    let onSeam = 0;
    small.triangles.forEach((v, c) => {
      const [u, w] = small.uvs!.subarray(2 * small.uvTriangles![c], 2 * small.uvTriangles![c] + 2);
      const [phi, theta] = [2 * Math.PI * u, Math.PI * (1 - w)];
      const place = [Math.sin(theta) * Math.sin(phi), Math.cos(theta), Math.sin(theta) * Math.cos(phi)];
      expect(largestDifference(place, small.positions.subarray(3 * v, 3 * v + 3))).toBeLessThan(1e-5);
      if (u === 0 || u === 1) onSeam++;
    });
    expect(onSeam).toBeGreaterThan(10);
  });

  it('takes nothing, and says what is wrong', async () => {
    const none = await decimate({ positions: new Float32Array(0), triangles: new Uint32Array(0) });
    expect([none.mesh.positions.length, none.error]).toEqual([0, 0]);
    const box = boxShape();
    await expect(decimate(box, { maxError: -1 })).rejects.toThrow(/negative/);
    await expect(decimate({ ...box, triangles: Uint32Array.of(0, 1, 9) })).rejects.toThrow(/row 9 of 8/);
    await expect(decimate({ ...box, positions: box.positions.fill(NaN, 0, 1) })).rejects.toThrow(/not finite/);
  });
});
