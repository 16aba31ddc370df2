import { Parameter, tensor } from '@chiaro/autograd';
import { mesh, sphereShape } from '@chiaro/render';
import { describe, expect, it } from 'vitest';
import { drawHeads, viewVectors } from './drawHeads.js';

const radius = 60;
const head = mesh(sphereShape({ radius, rows: 12, columns: 24 }));
const camera = { size: 24, focal: 150 };
const faces = {
  positions: head.positions.unsqueeze(0),
  textures: tensor(new Float32Array(48).fill(0.5), [1, 4, 4, 3]),
};

describe('drawn heads', () => {
  it('cover what they cover, in the colour of their texture', async () => {
    const poses = { rotations: tensor([[0, 0.4, 0]]), translations: tensor([[0, 0, -1000]]) };
    const { images, coverage } = drawHeads(head, faces, poses, camera);
    const area = await coverage.sum().item();
    const outline = (150 * radius) / Math.sqrt(1000 ** 2 - radius ** 2);
    // the outline has about 24 corners
    expect(area / (12 * Math.sin(Math.PI / 12) * outline ** 2)).toBeCloseTo(1, 1.8);
    expect(await images.sum().item()).toBeCloseTo(1.5 * area, 2);
  });

  it('moves its outline with the head: the gradient of the middle of mass', async () => {
    const translations = new Parameter(tensor([[3, 0, -1000]]));
    const { coverage } = drawHeads(head, faces, { rotations: tensor([[0, 0, 0]]), translations }, camera);
    const columns = tensor(Float32Array.from({ length: 24 }, (_, x) => x + 0.5)).reshape([1, 1, 24, 1]);
    coverage.mul(columns).sum().div(coverage.detach().sum()).backward();
    const [dx] = await translations.grad!.data();
    // a millimetre is focal / distance pixels
    expect(dx / (150 / 1000)).toBeGreaterThan(0.85);
    expect(dx / (150 / 1000)).toBeLessThan(1.15);
  });

  it('says where the camera is, in the frame of the head', async () => {
    const poses = { rotations: tensor([[0, 0, 0], [0, 0.5, 0]]), translations: tensor([[0, 0, -900], [0, 0, -900]]) }; // prettier-ignore
    const [straight, turned] = [
      (await viewVectors(poses).data()).slice(0, 3),
      (await viewVectors(poses).data()).slice(3),
    ];
    straight.forEach((x, k) => expect(x).toBeCloseTo([0, 0, 1][k], 5));
    turned.forEach((x, k) => expect(x).toBeCloseTo([-Math.sin(0.5), 0, Math.cos(0.5)][k], 5));
  });
});
