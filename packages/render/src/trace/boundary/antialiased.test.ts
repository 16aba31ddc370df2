import { describe, expect, it } from 'vitest';
import { Parameter, grad, jvp, noGrad, tensor, tidy } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { orthographic } from '../../camera/index.js';
import { mesh } from '../../geometry/index.js';
import { areaLight, pathTrace } from '../index.js';
import type { PathTraceOptions } from '../index.js';

type Boundary = NonNullable<PathTraceOptions['boundary']>;

/** A disc that shines before 16 x 16 pixels of a unit square each. */
const width = 16;
const camera = orthographic({ width, height: width, extent: width, position: [8, 8, 5] });
const count = 48;
const ring = Array.from({ length: count }, (_, k) => (2 * Math.PI * k) / count);
const disc = mesh({
  positions: [0, 0, 0, ...ring.flatMap((t) => [Math.cos(t), Math.sin(t), 0])],
  triangles: ring.flatMap((_, k) => [0, 1 + k, 1 + ((k + 1) % count)]),
});
const seen = (at: Tensor, radius: Tensor, boundary: Boundary, seed = 1): Tensor => {
  const positions = disc.positions.mul(radius).add(at);
  const emitters = [areaLight({ mesh: { ...disc, positions }, radiance: [1, 1, 1], twoSided: true })];
  return pathTrace({ shapes: [], emitters }, camera, { spp: 16, depth: 1, seed, boundary }).image;
};
const middle = tensor([8, 8, 0]);

describe('rasterized edges in traced images', () => {
  it('leave the image as it is', async () => {
    const at = new Parameter(middle);
    const [none, ...others] = await Promise.all(
      (['none', 'antialias', 'primary'] as const).map((boundary) => seen(at, tensor(5.3), boundary).data()),
    );
    for (const other of others) expect(other).toEqual(none);
  });

  it('give the area of a disc by its radius', async () => {
    const area = (r: Tensor): Tensor => seen(middle, r, 'antialias').select(2, 0).sum();
    const exact = count * Math.sin((2 * Math.PI) / count) * 5.3;
    expect(Math.abs((await grad(area)(tensor(5.3)).item()) / exact - 1)).toBeLessThan(1e-3);
  });

  it('forward and reverse mode are transposes', async () => {
    const weights = tensor(
      Float32Array.from({ length: width * width * 3 }, (_, i) => Math.sin(i)),
      [width, width, 3],
    );
    const loss = (at: Tensor): Tensor => seen(at, tensor(5.3), 'antialias').mul(weights).sum();
    const way = tensor([0.3, 0.7, 0]);
    const [, change] = jvp(loss, middle, way);
    const slope = await grad(loss)(middle).mul(way).sum().item();
    expect(Math.abs((await change.item()) - slope)).toBeLessThan(1e-4 * Math.abs(slope));
  });

  // what the paper's ablation is about: ray tracing alone does not move an outline
  it.each([
    ['antialias', 0.05],
    ['primary', 0.05],
    ['none', undefined],
  ] as const)('a disc finds its place by its outline: %s', async (boundary, tolerance) => {
    const goal = tensor([8.9, 7.2, 0]);
    const target = noGrad(() => seen(goal, tensor(5.3), 'none', 99));
    let at = middle;
    for (let step = 0; step < 10; step++) {
      // area that differs grows with the distance times the diameter, and is halved on both sides
      const loss = (x: Tensor): Tensor => seen(x, tensor(5.3), boundary, step).sub(target).square().sum();
      const slope = tidy(() => grad(loss)(at).div(3 * Math.PI * 5.3));
      at = tensor(await at.sub(slope.mul(0.45)).data());
    }
    const distance = await at.sub(goal).norm().item();
    if (tolerance === undefined) expect(distance).toBeGreaterThan(1);
    else expect(distance).toBeLessThan(tolerance);
  });
});
