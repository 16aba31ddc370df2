import { Generator, halfCosine, evaluateSH, icosphereShape, mesh, rand, randn, shBands, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { describe, expect, it } from 'vitest';
import { lightPrior } from './lightPrior.js';
import { lightTransfer } from './lightTransfer.js';
import { solveLight, sphereDirections } from './solveLight.js';

const priors = {
  noise: 0.1,
  independentSamples: 300,
  contrast: 0.8,
  colourfulness: 0.25,
  negativity: 1,
  exposure: 3 * 0.28209479,
  exposureSigma: 0.3,
};

/** What a Lambert surface of albedo 1 without anything around it reflects, [N, 81]. */
const openTransfer = (normals: Tensor): Tensor =>
  evaluateSH(normals).mul(tensor(shBands(8).map((l) => halfCosine(8)[l] / Math.PI)));

/** Light from above and the left, nearly grey, in bands 0 to 2; positive everywhere. */
function softLight(): Float32Array {
  const light = new Float32Array(243);
  [3, 2.9, 2.7].forEach((value, c) => (light[c] = value));
  [1, 0.95, 0.9].forEach((value, c) => (light[3 + c] = value)); // l 1, m -1: y
  [-0.6, -0.6, -0.5].forEach((value, c) => (light[9 + c] = value)); // l 1, m 1: x
  [0.3, 0.3, 0.3].forEach((value, c) => (light[18 + c] = value)); // l 2, m 0
  return light;
}

describe('lightTransfer', () => {
  it('of a convex surface is that of the half-cosine', async () => {
    const shape = icosphereShape({ radius: 100, subdivisions: 2 });
    const ball = mesh(shape);
    const normals = ball.positions.div(100);
    const count = ball.positions.shape[0];
    const vertices = tensor(Int32Array.from({ length: count }, (_, k) => k));
    const difference = lightTransfer({ ...ball, normals }, vertices, 512).sub(openTransfer(normals));
    // evenly spread directions integrate the kinked cosine to about 1 / 512 of what it is
    expect(await difference.abs().max().item()).toBeLessThan(0.01);
    const fewer = lightTransfer({ ...ball, normals }, vertices, 512, 3).sub(openTransfer(normals).narrow(1, 0, 9));
    expect(await fewer.abs().max().item()).toBeLessThan(0.01);
  });

  it('loses what another part of the mesh hides', async () => {
    // two balls: the upper one hides a part of the sky from the top of the lower one
    const ball = icosphereShape({ radius: 50, subdivisions: 2 });
    const count = ball.positions.length / 3;
    const positions = Float32Array.from([
      ...ball.positions,
      ...Array.from(ball.positions, (x, i) => x + (i % 3 === 1 ? 150 : 0)),
    ]);
    const triangles = Uint32Array.from([...ball.triangles, ...Array.from(ball.triangles, (t) => t + count)]);
    const both = mesh({ positions, triangles });
    const top = Array.from({ length: count }, (_, k) => k).reduce((a, b) =>
      positions[3 * b + 1] > positions[3 * a + 1] ? b : a,
    );
    const normals = tensor(
      Float32Array.from([...ball.positions, ...ball.positions], (x) => x / 50),
      [2 * count, 3],
    );
    const [first] = await lightTransfer({ ...both, normals }, tensor(Int32Array.of(top)), 2048).data();
    // a ball of angle asin(50 / 100) straight above takes sin^2 = 1/4 of the cosine-weighted sky
    expect(first).toBeCloseTo(0.75 * 0.28209479, 2);
  });
});

describe('solveLight', () => {
  const normals = tensor(sphereDirections(400).filter(([, , z]) => z > 0));
  const count = normals.shape[0];
  const truth = softLight();

  async function samples(noise: number, outliers = 0) {
    const generator = new Generator(4);
    const albedo = rand([count, 3], { generator }).mul(0.3).add(0.3);
    const transfer = openTransfer(normals);
    const clean = transfer.matmul(tensor(truth, [81, 3])).mul(albedo);
    const colours = clean.mul(randn([count, 3], { generator }).mul(noise).add(1));
    const seen = Float32Array.from(await colours.data());
    for (let i = 0; i < outliers; i++) seen.fill(0.01, 3 * (7 * i), 3 * (7 * i) + 3);
    return {
      transfer: Float32Array.from(await transfer.data()),
      albedo: Float32Array.from(await albedo.data()),
      colours: seen,
      weights: new Float32Array(count).fill(1),
    };
  }
  const error = (light: Float32Array, known: Awaited<ReturnType<typeof samples>>): number => {
    let [sum, norm] = [0, 0];
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < 3; c++) {
        let [a, b] = [0, 0];
        for (let k = 0; k < 81; k++) {
          a += known.transfer[81 * i + k] * light[3 * k + c];
          b += known.transfer[81 * i + k] * truth[3 * k + c];
        }
        sum += (a - b) ** 2;
        norm += b ** 2;
      }
    }
    return Math.sqrt(sum / norm);
  };

  it('finds the irradiance behind noisy colours, dark strangers among them too', async () => {
    const clean = await samples(0.02);
    expect(error(solveLight(clean, priors), clean)).toBeLessThan(0.03);
    const hidden = await samples(0.02, 8);
    expect(error(solveLight(hidden, priors), hidden)).toBeLessThan(0.05);
  });

  it('prefers light that is nowhere negative', async () => {
    const known = await samples(0.02);
    const lowest = (light: Float32Array): Promise<number> =>
      evaluateSH(tensor(sphereDirections(300)))
        .matmul(tensor(light, [81, 3]))
        .min()
        .item();
    const free = await lowest(solveLight(known, { ...priors, contrast: 3, negativity: 0 }));
    const held = await lowest(solveLight(known, { ...priors, contrast: 3, negativity: 30 }));
    expect(free).toBeLessThan(0);
    expect(held).toBeGreaterThan(0.4 * free);
  });

  it('the prior on tensors is least for even light and grows with contrast, colour and darkness below zero', async () => {
    const at = (change: (light: Float32Array) => void): Promise<number> => {
      const light = new Float32Array(243).fill(0);
      light.fill(3, 0, 3);
      change(light);
      return lightPrior(tensor(light, [81, 3]), 3, priors).item();
    };
    const even = await at(() => undefined);
    expect(even).toBeCloseTo(0, 5);
    expect(await at((l) => l.fill(1, 3, 6))).toBeGreaterThan(0.1);
    expect(await at((l) => (l[3] = 1))).toBeGreaterThan(await at((l) => l.fill(1 / 3, 3, 6)));
    expect(await at((l) => l.fill(4, 3, 6))).toBeGreaterThan(10 * (await at((l) => l.fill(1, 3, 6))));
  });
});
