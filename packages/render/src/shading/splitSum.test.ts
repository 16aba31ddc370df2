import { describe, expect, it } from 'vitest';
import { ShapeError, full, gradcheck, stack, tensor, valueAndGrad } from '../engine.js';
import type { Tensor } from '../engine.js';
import { ggx, metallicRoughness } from '../bsdf/index.js';
import { orthographic } from '../camera/index.js';
import { mesh, sphereShape } from '../geometry/index.js';
import { environmentOfSH, evaluateSHSeries, texelDirections } from '../light/index.js';
import { gaussLegendre } from '../math/quadrature.js';
import { albedo } from '../testing/furnace.testing.js';
import { largestDifference, randomDirection, randomNumbers } from '../testing/random.testing.js';
import { environment, pathTrace } from '../trace/index.js';
import { glossAlbedo, glossShare } from './glossShare.js';
import { prefilterEnvironment, renderMesh } from './index.js';
import { mirroredLight } from './prefilter.js';
import { reflectSkies } from './splitSum.js';
import type { Sky } from './splitSum.js';

const random = randomNumbers(31);

/** A lat-long map [2 n rows] of a function of directions. */
const mapOf = (height: number, value: (d: readonly number[]) => readonly number[]): Tensor => {
  const width = 2 * height;
  const d = texelDirections({ height, width });
  const at = Array.from({ length: height * width }, (_, i) => value([...d.subarray(3 * i, 3 * i + 3)]));
  return tensor(Float32Array.from(at.flat()), [height, width, 3]);
};

/** Two lamps, of 20 degrees and of 9 degrees about their middles, in front of a sky that is brighter above. */
const lamps = [
  { at: [0.5, 0.5, 0.71], size: 0.35, colour: [6, 5, 4] },
  { at: [-0.8, 0.1, 0.59], size: 0.16, colour: [4, 8, 16] },
];
const room = mapOf(64, (d) =>
  [0, 1, 2].map((c) => {
    const sky = 0.3 + 0.2 * d[1];
    return lamps.reduce((sum, { at, size, colour }) => {
      const angle = Math.acos(Math.min(1, at.reduce((s, v, k) => s + v * d[k], 0) / Math.hypot(...at)));
      return sum + colour[c] / (1 + Math.exp((angle - size) / 0.03));
    }, sky);
  }),
);

describe('split-sum lighting', () => {
  it('has the albedo of the lobe: quadrature of its text, and the table', async () => {
    const places = [0.2, 0.35, 0.5, 0.75, 1].flatMap((r) => [0.1, 0.3, 0.6, 0.95].map((c) => [r, c] as const));
    const exact = places.map(([r, c]) => [1, 0].map((f0) => albedo(ggx.kind, [0, 0, 0, f0, f0, f0, r], c)));
    const worst = Math.max(
      ...places.map(([r, c], i) => {
        const [a, b] = glossAlbedo(c, r);
        return Math.max(Math.abs(a + b - exact[i][0]), Math.abs(b - exact[i][1]));
      }),
    );
    const gloss = tensor(places.map(([r]) => [0, 0.5, 1, r]));
    const found = await glossShare(gloss, tensor(places.map(([, c]) => c))).data();
    const expected = exact.flatMap(([white, black]) => [black, (black + white) / 2, white]);
    expect(largestDifference(found, expected)).toBeLessThan(4e-3);
    expect(worst).toBeLessThan(3e-3);
  });

  it('filters as the integral over the lobe says', async () => {
    // a lobe round about the mirror direction scales band l of the light by its mean of P_l
    const coefficients = Array.from({ length: 16 }, (_, k) =>
      [1, 2, 3].map((c) => (k === 0 ? 4 : 0) + Math.sin(c * k)),
    );
    const sky = prefilterEnvironment(environmentOfSH(tensor(coefficients), { height: 128 }));
    const directions = tensor(Array.from({ length: 60 }, () => randomDirection(random)));
    const { nodes, weights } = gaussLegendre(400);
    const roughnesses = [0.25, 0.5, 0.6, 0.75, 1];
    const exact = roughnesses.map((r) => {
      const means = [0, 0, 0, 0];
      nodes.forEach((t, i) => {
        const z = 1 - ((t + 1) / 2) ** 4; // cosine to the mirror direction, crowded at it
        const share = (weights[i] * ((t + 1) / 2) ** 3 * z) / (1 + (r ** 4 - 1) * ((1 + z) / 2)) ** 2;
        [1, z, 1.5 * z * z - 0.5, 2.5 * z ** 3 - 1.5 * z].forEach((p, l) => (means[l] += share * p));
      });
      const blurred = coefficients.map((row, k) => row.map((v) => (v * means[Math.floor(Math.sqrt(k))]) / means[0]));
      return evaluateSHSeries(directions, tensor(blurred));
    });
    const found = mirroredLight(sky, directions.unsqueeze(0).expand([5, 60, 3]), tensor(roughnesses).unsqueeze(1));
    const errors = await found.sub(stack(exact)).abs().max([1, 2]).div(stack(exact).max()).data();
    expect(Math.max(...errors), [...errors].join(' ')).toBeLessThan(0.04); // as the text says
    // light of a neighbouring roughness is another one: the test can tell
    expect(await found.select(0, 0).sub(exact[1]).abs().max().div(exact[1].max()).item()).toBeGreaterThan(0.05);
  });

  it('keeps energy in a white furnace', async () => {
    const camera = orthographic({ extent: 2.1, width: 48, height: 48, position: [0, 0, 3] });
    const ball = mesh(sphereShape({ rows: 24, columns: 32 }));
    const roughness = tensor(
      Array.from({ length: ball.topology.vertexCount }, () => random()),
      [ball.topology.vertexCount, 1],
    );
    const lights = [prefilterEnvironment(full([8, 16, 3], 1))];
    const shapes = [{ mesh: ball, bsdf: ggx({ diffuse: 0, specular: 1, roughness }) }];
    const { image, mask } = renderMesh({ shapes }, camera, { lights, antialias: false });
    const [shown, inside] = await Promise.all([image.data(), mask.data()]);
    const values = [...shown].filter((_, i) => inside[Math.floor(i / 3)] > 0);
    expect(Math.max(...values)).toBeLessThan(1.003);
    expect(Math.max(...values)).toBeGreaterThan(0.98);
    expect(Math.min(...values)).toBeGreaterThan(0.3); // what single scattering loses
  });

  it('shows a ball as the tracer does, as nearly as the text says', async () => {
    const size = 24;
    const camera = orthographic({ extent: 2, width: size, height: size, position: [0, 0, 3] });
    const ball = mesh(sphereShape({ rows: 32, columns: 48 }));
    const sky = prefilterEnvironment(room);
    await Promise.all(sky.levels.map((level) => level.data()));
    const emitters = [environment(room, { background: false })];
    for (const [metallic, roughness, most] of [
      [1, 0.3, 0.06],
      [1, 0.6, 0.13],
      [1, 1, 0.12],
      [0, 0.5, 0.03],
    ]) {
      // prettier-ignore
      const baseColor = tensor(metallic === 1 ? [1, 0.8, 0.5] : [0.5, 0.4, 0.3]);
      const bsdf = metallicRoughness({ baseColor, metallic: tensor(metallic), roughness: tensor(roughness) });
      const scene = { shapes: [{ mesh: ball, bsdf }] };
      const { image, mask } = renderMesh(scene, camera, { lights: [sky], antialias: false, supersample: 2 });
      const traced = pathTrace({ ...scene, emitters }, camera, { spp: 256, seed: 1 }).image;
      const sum = (t: Tensor): Promise<number> => t.mul(mask.unsqueeze(-1)).sum().item();
      const [reference, off] = await Promise.all([sum(traced), sum(image.sub(traced).abs())]);
      expect(off / reference, `metallic ${metallic}, roughness ${roughness}`).toBeLessThan(most);
    }
  });

  it('has gradients to colour, roughness, normal, viewer and light', async () => {
    const numbers = (...shape: number[]): Tensor =>
      tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random), shape);
    const harmonics = numbers(4, 3);
    const levels = [16, 8, 4, 2, 1].map((n) => numbers(6, n, n, 3));
    const shade = (baseColor: Tensor, roughness: Tensor, normals: Tensor, mirrored: Tensor, rough: Tensor): Tensor => {
      const cosine = normals.mul(mirrored).sum(1);
      const all = levels.map((level, k) => (k === 2 ? rough : level));
      const sky: Sky = { harmonics, prefiltered: () => ({ type: 'prefiltered', levels: all, harmonics }) };
      const { kind } = metallicRoughness;
      const values = { baseColor, metallic: tensor(0.6), roughness };
      return reflectSkies({ ...kind, gloss: kind.gloss! }, values, [sky], { normals, cosine, mirrored });
    };
    const normals = tensor(Array.from({ length: 4 }, () => randomDirection(random)));
    const leaning = normals.add(numbers(4, 3).sub(0.5).mul(1.4));
    const mirrored = leaning.div(leaning.square().sum(1, true).sqrt());
    const roughness = tensor([0.3, 0.45, 0.62, 0.8]);
    await gradcheck(shade, [numbers(4, 3), roughness, normals, mirrored, levels[2]], { most: 8 });
  });

  it('filters linearly in the map, and its gradient is the transpose', async () => {
    const maps = [0, 1].map(() => mapOf(6, () => [random(), random(), random()]));
    const weights = [32, 16, 8, 4, 2].map((n) => mapOf(n, () => [random(), random(), random()]).reshape([-1, n, n, 3]));
    const total = (map: Tensor): Tensor =>
      prefilterEnvironment(map, { side: 32 })
        .levels.map((level, k) => level.narrow(0, 0, 2).mul(weights[k]).sum())
        .reduce((a, b) => a.add(b));
    const [value, gradient] = valueAndGrad(total)(maps[0]);
    const [first, second, there, expected] = await Promise.all([
      ...[value.item(), total(maps[1]).item()],
      ...maps.map((map) => gradient.mul(map).sum().item()),
    ]);
    expect(there / first).toBeCloseTo(1, 4);
    expect(expected / second).toBeCloseTo(1, 4);
  });

  it('refuses maps that are none', () => {
    expect(() => prefilterEnvironment(tensor([1, 2, 3]))).toThrow(ShapeError);
    expect(() => prefilterEnvironment(full([4, 8, 3], 1), { side: 48 })).toThrow(/power of two/);
  });
});
