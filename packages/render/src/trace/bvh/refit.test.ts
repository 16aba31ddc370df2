import { afterEach, describe, expect, it, vi } from 'vitest';
import { host } from '@chiaro/tensor/host';
import { compile, idle, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { icosphereShape } from '../../geometry/index.js';
import { randomNumbers } from '../../testing/random.testing.js';
import { randomRays, rows } from './bruteForce.testing.js';
import { checkBounds } from './checkBounds.testing.js';
import { fillBvh } from './fill.js';
import { nodeWords } from './layout.js';
import { buildBvh, rayCast, refitBvh } from './index.js';

const shape = icosphereShape({ subdivisions: 3 });
const topology = buildBvh(shape.positions, shape.triangles);

/** A bend and a twist, far from the positions that the tree was built for. */
function moved(random: () => number): Float32Array {
  return shape.positions.map((_, i) => {
    const [x, y, z] = shape.positions.subarray(i - (i % 3), i - (i % 3) + 3);
    const [c, s] = [Math.cos(2 * y), Math.sin(2 * y)];
    return [3 * (c * x - s * z) + y * y, y - 4, c * z + s * x][i % 3] + 0.01 * random();
  });
}

afterEach(() => void vi.restoreAllMocks());

describe('refitBvh', () => {
  it('equals its reference bit by bit, and bounds what is below', async () => {
    const random = randomNumbers(1);
    const broken = moved(random);
    broken[30] = NaN;
    for (const positions of [shape.positions, moved(random), broken, shape.positions.map(() => NaN)]) {
      const words = (await refitBvh(topology, rows(positions)).data()) as Uint32Array;
      expect([...words]).toEqual([...fillBvh(topology, positions)]);
    }
    const words = (await refitBvh(topology, rows(moved(random))).data()) as Uint32Array;
    expect(checkBounds(words)).toBe(shape.triangles.length / 3);
    // power: a bound that is one step too narrow is noticed
    words[nodeWords + 7] -= 0x01010101;
    expect(() => checkBounds(words)).toThrow(/is outside/);
  });

  it('finds what a tree built anew finds', async () => {
    const random = randomNumbers(2);
    const positions = moved(random);
    const { origins, directions } = randomRays(random, 5000, 6);
    const rays = [rows(origins), rows(directions)] as const;
    const refitted = rayCast(refitBvh(topology, rows(positions)), ...rays);
    const rebuilt = rayCast(refitBvh(buildBvh(positions, shape.triangles), rows(positions)), ...rays);
    const found = await refitted.triangles.data();
    expect(found.filter((f) => f >= 0).length).toBeGreaterThan(200);
    expect([...found]).toEqual([...(await rebuilt.triangles.data())]);
    expect([...(await refitted.t.data())]).toEqual([...(await rebuilt.t.data())]);
  });

  it('hits triangles again once their vertices are finite', async () => {
    const broken = shape.positions.map(() => NaN);
    const tree = buildBvh(broken, shape.triangles);
    const ray = [tensor([[0.1, 0.2, 5]]), tensor([[0, 0, -1]])] as const;
    expect(await rayCast(refitBvh(tree, rows(broken)), ...ray).triangles.item()).toBe(-1);
    expect(await rayCast(refitBvh(tree, rows(shape.positions)), ...ray).t.item()).toBeCloseTo(4.02, 1);
  });

  it('stays on the GPU while vertices move: nothing is read back until hits are asked for', async () => {
    const adapter = await (await host.requestGPU()).requestAdapter();
    const device = await adapter!.requestDevice();
    const buffer = device.createBuffer({ size: 4, usage: 1 });
    const readbacks = vi.spyOn(Object.getPrototypeOf(buffer) as GPUBuffer, 'mapAsync');
    const { origins, directions } = randomRays(randomNumbers(3), 64, 3);
    const rest = rows(shape.positions);
    const rays = [rows(origins), rows(directions)] as const;
    const step = (scale: Tensor): Tensor =>
      rayCast(refitBvh(topology, rest.mul(scale)), ...rays)
        .t.minimum(100)
        .mean();
    const compiled = compile(step);
    const seen: Tensor[] = [];
    for (const run of [step, compiled]) for (const scale of [0.5, 1, 1.5, 2]) seen.push(run(tensor(scale)));
    await idle();
    expect(readbacks).not.toHaveBeenCalled();
    const values = await Promise.all(seen.map((t) => t.item()));
    expect(readbacks).toHaveBeenCalled();
    values.slice(0, 4).forEach((v, k) => expect(values[4 + k]).toBeCloseTo(v, 4));
    expect(new Set(values.slice(0, 4)).size).toBe(4);
    buffer.destroy();
    device.destroy();
  });

  it('refuses positions of another mesh', () => {
    expect(() => refitBvh(topology, rows(new Float32Array(9)))).toThrow(/must be \[642, 3\], got \[3, 3\]/);
  });
});
