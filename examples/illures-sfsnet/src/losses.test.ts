import { Generator, rand, tensor, type Tensor } from '@chiaro/autograd';
import { describe, expect, it } from 'vitest';
import { albedoSpread, alignLoss, defaultLosses, wholeLoss, type LossOptions } from './losses.js';
import { AlignNet } from './networks/alignNet.js';
import { compose, storedOf } from './networks/decomposition.js';
import { fromSfsnet, shading } from './sphericalHarmonics.js';
import { noiseSources } from './training/sources.testing.js';

const truth = noiseSources(16).faces.batch([0, 1]);
const generator = new Generator(1);

/** Mean of |a - b| (or of squares) over colours and the mask's pixels, in float64. */
async function apart(a: Tensor, b: Tensor, { norm }: Pick<LossOptions, 'norm'>): Promise<number> {
  const [x, y, mask] = await Promise.all([a.data(), b.data(), truth.mask.data()]);
  let [sum, count] = [0, 0];
  x.forEach((value, i) => {
    const d = Math.abs(value - y[i]);
    if (mask[Math.floor(i / 3)] === 0) return;
    sum += norm === 'l1' ? d : d * d;
    count++;
  });
  return sum / count;
}

describe('losses', () => {
  it('are eq. 3 and 4, in the mask, with their weights', async () => {
    const map = (): Tensor => rand([2, 16, 16, 3], { generator });
    const found = compose(map(), map(), rand([2, 27], { generator }), map());
    for (const norm of ['l1', 'l2'] as const) {
      const options = { ...defaultLosses, norm, albedo: 3 };
      const terms = wholeLoss(found, truth, options);
      const lights = await Promise.all([fromSfsnet(found.light).data(), truth.light.data()]);
      const [light, trueLight] = lights.map((list) => Array.from(list));
      const expected = {
        image: await apart(
          found.albedo.mul(shading(found.normals, found.light)).add(found.residual!),
          truth.image,
          options,
        ),
        residual: await apart(found.residual!, truth.residual, options),
        local: await apart(found.local, truth.image.sub(truth.residual), options),
        albedo: 3 * (await apart(found.albedo, truth.albedo, options)),
        normals: await apart(found.storedNormals, storedOf(truth.normals), options),
        // pi^2 from radiance to SfSNet's scale
        light: (0.1 / Math.PI ** 2) * (light.reduce((sum, x, i) => sum + (x - trueLight[i]) ** 2, 0) / light.length),
      };
      for (const [name, value] of Object.entries(expected)) {
        expect((await terms[name].item()) / value, `${norm} ${name}`).toBeCloseTo(1, 4);
      }
      expect(Object.keys(terms).sort()).toEqual(Object.keys(expected).sort());
    }
  });

  it('are eq. 5 in both directions', async () => {
    const net = new AlignNet('albedo', { channels: 8, blocks: 1 }, generator).eval();
    const { albedo, contours, mask } = truth; // two frames: i, j
    const loss = await alignLoss(net, albedo, { contours, mask: mask.mul(0).add(1) }, defaultLosses).item();
    const [i, j] = [0, 1].map(
      (k) =>
        (x: Tensor): Tensor =>
          x.slice([k, k + 1]),
    );
    const there = j(albedo)
      .sub(net.align(i(contours), j(contours), i(albedo)))
      .abs()
      .mean();
    const back = i(albedo)
      .sub(net.align(j(contours), i(contours), j(albedo)))
      .abs()
      .mean();
    expect(loss).toBeCloseTo(await there.add(back).div(2).item(), 5);
  });

  it('see a constant albedo', async () => {
    const { mask } = truth;
    expect(await albedoSpread(rand([2, 16, 16, 3], { generator }), mask).item()).toBeCloseTo(Math.sqrt(1 / 12), 1);
    expect(await albedoSpread(tensor([[[[0.5, 0.4, 0.3]]]]).expand([2, 16, 16, 3]), mask).item()).toBeLessThan(1e-4);
  });
});
