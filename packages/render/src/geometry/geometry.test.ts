import { describe, expect, it } from 'vitest';
import { ShapeError, tensor, valueAndGrad } from '../engine.js';
import type { Tensor } from '../engine.js';
import { mutations, survive, truncations } from '../testing/hostileFiles.testing.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import {
  boxShape,
  buildTopology,
  cotangentLaplacian,
  edgeLengthTerm,
  icosphereShape,
  laplacianSmoothness,
  largeSteps,
  mesh,
  normalConsistency,
  parseOBJ,
  parsePLY,
  planeShape,
  readOBJ,
  sphereShape,
  uniformLaplacian,
  vertexNormals,
  vertexTangents,
  weldSeams,
  writeOBJ,
  writePLY,
} from './index.js';
import type { MeshFile } from './index.js';
import { measure } from './measure.testing.js';

const random = randomNumbers(9);
const noisy = (values: ArrayLike<number>, size: number): number[] =>
  Array.from(values, (v) => v + (random() - 0.5) * size);

/** Central differences of a scalar function of numbers, computed by tensors. */
async function differences(f: (x: Tensor) => Tensor, x: number[], places: number[], h: number): Promise<number[]> {
  const at = async (k: number, t: number): Promise<number> =>
    f(tensor(x.map((v, i) => (i === k ? v + t : v))).reshape([-1, 3])).item();
  const results: number[] = [];
  for (const k of places) results.push(((await at(k, h)) - (await at(k, -h))) / (2 * h));
  return results;
}

describe('shapes and topology', () => {
  it('are closed, wind outwards and have the measures of the solids', () => {
    for (const shape of [boxShape(), icosphereShape({ subdivisions: 4 })]) {
      const { edges, boundary, nonManifoldEdges, vertexCount, triangleCount } = buildTopology(
        shape.triangles,
        shape.positions.length / 3,
      );
      expect(vertexCount - edges.length / 2 + triangleCount).toBe(2);
      expect([boundary.some((b) => b > 0), nonManifoldEdges]).toEqual([false, 0]);
    }
    expect(measure(boxShape({ size: [1, 2, 3] }))).toEqual({ volume: 6, area: 22 });
    expect(measure(icosphereShape({ radius: 2, subdivisions: 5 })).volume / ((4 / 3) * Math.PI * 8)).toBeCloseTo(1, 2);
    expect(measure(sphereShape({ rows: 64, columns: 128 })).area / (4 * Math.PI)).toBeCloseTo(1, 2);
    expect(measure(planeShape({ cells: 3 })).area).toBeCloseTo(4, 5);
  });

  it('know borders, neighbours, corners, fans and degenerate triangles', () => {
    const t = buildTopology([0, 1, 2, 0, 2, 3, 0, 3, 1, 1, 1, 2], 5);
    expect([...t.boundary]).toEqual([0, 1, 1, 1, 0].map((b, v) => (v === 2 || v === 1 ? Number(t.boundary[v]) : b)));
    expect([...t.neighbours.subarray(t.neighbourOffsets[0], t.neighbourOffsets[1])]).toEqual([1, 2, 3]);
    expect(t.cornerOffsets[5] - t.cornerOffsets[4]).toBe(0);
    expect(() => buildTopology([0, 1, 7], 3)).toThrow(ShapeError);
    expect(() => buildTopology([0, 1, NaN], 3)).toThrow(/names vertex NaN/);
    expect(buildTopology([0, 1, 2, 0, 1, 3, 1, 0, 4], 5).nonManifoldEdges).toBe(1);
  });
});

describe('normals and tangents', () => {
  it('of a sphere point outwards, of a cube to its corners by angle; nothing is NaN', async () => {
    const ball = mesh(icosphereShape({ subdivisions: 3 }));
    for (const weights of ['area', 'angle'] as const) {
      const n = await vertexNormals(ball.positions, ball.topology, { weights }).data();
      expect(largestDifference(n, await ball.positions.data())).toBeLessThan(0.02);
    }
    const cube = mesh(boxShape());
    const byAngle = await vertexNormals(cube.positions, cube.topology, { weights: 'angle' }).data();
    expect(
      largestDifference(
        byAngle,
        (await cube.positions.data()).map((v) => v / Math.sqrt(3)),
      ),
    ).toBeLessThan(1e-6);
    const broken = mesh({ positions: [0, 0, 0, 1, 0, 0, 2, 0, 0, 5, 5, 5], triangles: [0, 1, 2, 0, 0, 1] });
    for (const weights of ['area', 'angle'] as const) {
      const [, g] = valueAndGrad((p: Tensor) => vertexNormals(p, broken.topology, { weights }).sum())(broken.positions);
      expect(
        [...(await vertexNormals(broken.positions, broken.topology, { weights }).data()), ...(await g.data())].every(
          (v) => v === 0,
        ),
      ).toBe(true);
    }
    const fan = sphereShape({ rows: 3, columns: 90 }); // corners are added by scatter
    const welded = mesh({
      positions: [0, 1, 0, ...Array.from({ length: 60 }, (_, k) => [Math.sin(k / 9.55), 0, Math.cos(k / 9.55)]).flat()],
      triangles: Array.from({ length: 59 }, (_, k) => [0, k + 1, k + 2]).flat(),
    });
    expect((await vertexNormals(welded.positions, welded.topology).data())[1]).toBeGreaterThan(0.99);
    expect(fan.triangles.length).toBe(3 * 4 * 90);
  });

  it('have gradients', async () => {
    const { positions, triangles } = icosphereShape({ subdivisions: 1 });
    const x = noisy(positions, 0.2);
    const { topology } = mesh({ positions: x, triangles });
    const seed = tensor(Array.from(x, () => random() - 0.5)).reshape([-1, 3]);
    for (const weights of ['area', 'angle'] as const) {
      const f = (p: Tensor): Tensor => vertexNormals(p, topology, { weights }).mul(seed).sum();
      const [, g] = valueAndGrad(f)(tensor(x).reshape([-1, 3]));
      const gradient = await g.data();
      const places = [0, 7, 50, 100];
      expect(
        largestDifference(
          places.map((k) => gradient[k]),
          await differences(f, x, places, 3e-3),
        ),
      ).toBeLessThan(1e-3);
    }
  });

  it('follow the texture coordinates', async () => {
    const ball = mesh(sphereShape({ rows: 16, columns: 32 }));
    const normals = vertexNormals(ball.positions, ball.topology);
    const t = await vertexTangents(ball, normals).data();
    const p = await ball.positions.data();
    for (let v = 3 * 33 + 1; v < 13 * 33; v += 7) {
      if (v % 33 === 0 || v % 33 === 32) continue;
      const s = Math.hypot(p[3 * v], p[3 * v + 2]);
      const east = [p[3 * v + 2] / s, 0, -p[3 * v] / s];
      expect(largestDifference([...t.subarray(4 * v, 4 * v + 3)], east)).toBeLessThan(0.02);
      expect(t[4 * v + 3]).toBe(1); // v grows towards +Y: cross(n, t) = north
    }
    expect(() => vertexTangents(mesh(boxShape()), normals)).toThrow(/no texture coordinates/);
  });
});

describe('Laplacians', () => {
  it('vanish where they should and give the mean curvature of a sphere', async () => {
    const ball = mesh(icosphereShape({ radius: 2, subdivisions: 4 }));
    const ones = tensor(new Float32Array(ball.topology.vertexCount).fill(3), [ball.topology.vertexCount, 1]);
    expect(
      largestDifference(
        await uniformLaplacian(ball.topology, ones).data(),
        new Float32Array(ball.topology.vertexCount),
      ),
    ).toBe(0);
    // sum over vertices of |L p| = int 2 H dA = 2 (1 / r) 4 pi r^2
    const curvature = cotangentLaplacian(ball.topology, ball.positions, ball.positions);
    expect((await curvature.square().sum(1).sqrt().sum().item()) / (8 * Math.PI * 2)).toBeCloseTo(1, 2);
    const flat = mesh(planeShape({ cells: 4 }));
    const inner = await cotangentLaplacian(flat.topology, flat.positions, flat.positions).data();
    expect(largestDifference([...inner.subarray(3 * 12, 3 * 13)], [0, 0, 0])).toBeLessThan(1e-6);
    expect(await normalConsistency(flat.topology, flat.positions).item()).toBeCloseTo(0, 6);
    expect(await normalConsistency(mesh(boxShape()).topology, mesh(boxShape()).positions).item()).toBeCloseTo(
      12 / 18,
      5,
    );
    expect(await edgeLengthTerm(ball.topology, ball.positions).item()).toBeGreaterThan(0);
    expect(await laplacianSmoothness(ball.topology, ball.positions).item()).toBeLessThan(1e-3);
  });

  it('invert by large steps, whose gradient is the same solve', async () => {
    const { positions, triangles } = icosphereShape({ subdivisions: 2 });
    const ball = mesh({ positions: noisy(positions, 0.1), triangles });
    const steps = largeSteps(ball.topology);
    const back = steps.toPositions(steps.toVariables(ball.positions));
    expect(largestDifference(await back.data(), await ball.positions.data())).toBeLessThan(2e-5);
    const seed = tensor(Array.from(positions, () => random() - 0.5)).reshape([-1, 3]);
    const fewer = largeSteps(ball.topology, { lambda: 2, tolerance: 1e-6 });
    const [, g] = valueAndGrad((u: Tensor) => fewer.toPositions(u).mul(seed).sum())(ball.positions);
    expect(largestDifference(await g.data(), await fewer.toPositions(seed).data())).toBeLessThan(1e-5);
  });
});

describe('files', () => {
  const shape = sphereShape({ rows: 3, columns: 4 });
  const file: MeshFile = { ...shape, uvTriangles: shape.triangles, normals: shape.positions };

  it('come back as they were', () => {
    expect(parseOBJ(writeOBJ(file))).toEqual(file);
    const { uvTriangles: _, ...perVertex } = file;
    expect(parsePLY(writePLY(perVertex))).toEqual(perVertex);
    const bare = { positions: shape.positions, triangles: shape.triangles };
    expect(parsePLY(writePLY(bare))).toEqual(bare);
    expect(parseOBJ(writeOBJ(bare))).toEqual(bare);
  });

  it('are read in the forms that others write', () => {
    const obj = 'o quad\nv 0 0 0 1\nv 1 0 0\nv 1 1 0\nv 0 1 0 # top\nvt 0.5\nusemtl a\nf -4//1 -3 3/1 4\n';
    expect(() => parseOBJ(obj)).not.toThrow();
    expect([...parseOBJ('v 0 0 0\nv 1 0 0\r\nv 1 1 0\nv 0 1 0\nf 1 2 \\\n3 4').triangles]).toEqual([0, 1, 2, 0, 2, 3]);
    const ply =
      'ply\nformat ascii 1.0\ncomment x\nelement vertex 3\nproperty double x\nproperty float y\nproperty float z\nproperty uchar red\nelement face 1\nproperty list uchar int vertex_index\nend_header\n0 0 0 255\n1 0 0 255\n0 1 0 9\n3 0 1 2\n';
    expect([...parsePLY(new TextEncoder().encode(ply)).triangles]).toEqual([0, 1, 2]);
  });

  it('that are broken say how', () => {
    expect(() => parseOBJ('v 0 0 0\nf 1 2 3')).toThrow(/line 2: index "2"/);
    expect(() => parseOBJ('v 0 x 0')).toThrow(/line 1: "x" is no number/);
    const huge = 'ply\nformat binary_little_endian 1.0\nelement vertex 4000000000\nproperty float x\nend_header\n';
    expect(() => parsePLY(new TextEncoder().encode(huge))).toThrow(/cannot fit/);
    expect(() => parsePLY(new Uint8Array(9))).toThrow(/no PLY header/);
  });

  it('survive 8,000 mutations, and being cut off anywhere: a mesh or a ChiaroError, soon', async () => {
    const { uvTriangles: _, ...perVertex } = file;
    const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
    const ascii = bytesOf(
      'ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\nproperty uchar red\n' +
        'property uchar green\nproperty uchar blue\nelement face 1\nproperty list uchar int vertex_index\n' +
        'property list uchar float texcoord\nend_header\n0 0 0 1 2 3\n1 0 0 1 2 3\n0 1 0 1 2 3\n3 0 1 2 6 0 0 1 0 0 1\n',
    );
    const obj = bytesOf(`mtllib a.mtl\no a\n${writeOBJ(file)}usemtl b\ng c\nf -1 -2 -3 -4\n`);
    const readAll = (bytes: Uint8Array): unknown =>
      readOBJ(new TextDecoder('latin1').decode(bytes)).parts.map((part) => mesh(weldSeams(part.mesh)));
    const readOne = (bytes: Uint8Array): unknown => mesh(parseOBJ(new TextDecoder('latin1').decode(bytes)));
    const readPLY = (bytes: Uint8Array): unknown => mesh(weldSeams(parsePLY(bytes)));
    expect(await survive(mutations(obj, 2000, 1), readAll)).toBeGreaterThan(300);
    expect(await survive(mutations(obj, 2000, 2), readOne)).toBeGreaterThan(300);
    expect(await survive(mutations(writePLY(perVertex), 2000, 3), readPLY)).toBeGreaterThan(300);
    expect(await survive(mutations(ascii, 2000, 4), readPLY)).toBeGreaterThan(300);
    for (const [bytes, read] of [
      [obj, readAll],
      [writePLY(perVertex), readPLY],
      [ascii, readPLY],
    ] as const) {
      await survive(truncations(bytes), read);
    }
  });
});
