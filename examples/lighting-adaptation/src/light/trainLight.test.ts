import { Cell, Generator, rand, tensor, type Tensor } from '@chiaro/autograd';
import { mesh, sphereShape } from '@chiaro/render';
import { describe, expect, it } from 'vitest';
import { DeepAppearanceModel } from '../avatar/deepAppearance.js';
import { drawHeads, viewVectors } from '../draw/drawHeads.js';
import type { Stage, StageView } from '../stage/stage.js';
import { makeLight, lightBatch, lightTerms } from './trainLight.js';

const head = mesh(sphereShape({ radius: 80, rows: 6, columns: 8 }));
const size = 16;
const view: StageView = {
  ...{ frame: 0, camera: 0, group: 1, image: Float32Array.from({ length: 768 }, (_, k) => k / 768) },
  ...{ mask: new Uint8Array(256).fill(1), rotation: [0, 0.2, 0], translation: [0, 0, -1000] },
  stageRotation: [0, 0.1, 0],
};

async function testStage(): Promise<Stage> {
  const positions = [Float32Array.from(await head.positions.data())];
  const subject = { identity: [], albedo: [], tint: [] };
  return { size, focal: 90, groups: 3, cameras: 1, frames: 1, views: [view], positions, subject };
}

describe('training of the lighting model', () => {
  it('scales the colours of image and light code alike', async () => {
    const batch = lightBatch(await testStage(), [{ view, colours: [2, 0.5, 1] }]);
    expect(Array.from(await batch.light.data())).toEqual([0, 0, 0, 2, 0.5, 1, 0, 0, 0]);
    const image = await batch.images.data();
    expect(Array.from(image.slice(300, 303))).toEqual(
      [300, 301, 302].map((k, c) => Math.fround((k / 768) * [2, 0.5, 1][c])),
    );
    const full = lightBatch(await testStage(), [{ view: { ...view, group: -1 }, colours: [1, 1, 1] }]);
    expect(Array.from(await full.light.data())).toEqual(new Array(9).fill(1));
  });

  it('takes the terms of eq. 5, which vanish for what the model draws itself and leave the decoder alone', async () => {
    const stage = await testStage();
    const generator = new Generator(3);
    const texture = await rand([64, 64, 3], { generator }).data();
    const statistics = { positions: stage.positions[0], positionScale: 2, texture, textureScale: 0.1 };
    const width = { codeSize: 3, features: 4, encoder: [2, 2, 2, 2], decoder: [2, 2, 2] };
    const avatar = new DeepAppearanceModel(head, width, statistics, generator);
    avatar.freeze();
    const light = makeLight(stage, { mapSize: 64, width: 1 / 64 }, 1);
    const codes = new Cell(tensor([[0.5, -1, 0.25]])).detach().requiresGrad_();
    const batch = lightBatch(stage, [{ view, colours: [1, 1, 1] }]);
    const { positions, textures } = avatar.decode(codes, viewVectors(batch));
    const own = drawHeads(avatar.mesh, { positions, textures }, batch, stage).images.detach();
    const weights = { geometry: 2, codes: 0.1 };
    const moved = positions.detach().add(tensor([6, 0, 0]));
    const terms = lightTerms(avatar, light, codes, { ...batch, images: own, positions: moved }, stage, weights);
    const value = async (t: Tensor): Promise<number> => (await t.data())[0];
    expect(await value(terms.image)).toBeLessThan(1e-10);
    expect(await value(terms.geometry)).toBeCloseTo((2 * (6 / 2) ** 2) / 3, 4);
    expect(await value(terms.codes)).toBeCloseTo((0.1 * (0.25 + 1 + 0.0625)) / 3, 5);
    // what is too bright, over 1/2 for skin in full light, of which one of three groups shines
    const dark = lightTerms(avatar, light, codes, { ...batch, images: own.mul(0.5), positions: moved }, stage, weights);
    expect(await value(dark.image)).toBeCloseTo(((await value(own.mean())) * 0.5) / (0.5 / 3), 4);
    dark.image.backward();
    const last = light.gainBranch.modules[light.gainBranch.modules.length - 1].parameters()[0];
    for (const { grad } of [codes, last]) expect(Math.max(...(await grad!.abs().data()))).toBeGreaterThan(0);
    expect(avatar.parameters().every(({ grad }) => grad === null)).toBe(true);
  });
});
