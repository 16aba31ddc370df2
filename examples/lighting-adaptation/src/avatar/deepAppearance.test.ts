import { compile, Generator, rand, tensor, type Tensor } from '@chiaro/autograd';
import { Adam } from '@chiaro/nn';
import { mesh, sphereShape } from '@chiaro/render';
import { describe, expect, it } from 'vitest';
import { DeepAppearanceModel } from './deepAppearance.js';

const head = mesh(sphereShape({ radius: 80, rows: 4, columns: 5 }));
const vertices = head.topology.vertexCount;
const generator = new Generator(5);
const data = async (t: Tensor): Promise<number[]> => Array.from(await t.data());

async function smallModel(): Promise<DeepAppearanceModel> {
  const statistics = {
    ...{ positions: await data(head.positions), positionScale: 2 },
    ...{ texture: new Float32Array(16 * 16 * 3).fill(0.5), textureScale: 0.1 },
  };
  return new DeepAppearanceModel(
    head,
    { codeSize: 2, features: 8, encoder: [4, 4], decoder: [8] },
    statistics,
    generator,
  );
}

describe('Deep Appearance Model', () => {
  it('has normalised weights, untied biases, and a view vector that only the texture sees', async () => {
    const avatar = await smallModel();
    const shapes = Object.fromEntries([...avatar.namedParameters()].map(([name, { shape }]) => [name, [...shape]]));
    expect(shapes).toMatchObject({
      ...{ 'meshDecoder.weight_v': [3 * vertices, 8], 'textureSeed.weight_v': [2 * 16, 8 + 8] },
      ...{ 'textureDecoder.1.bias': [8, 8, 8], 'textureDecoder.3.bias': [3, 16, 16] },
    });
    const weights = Object.keys(shapes).filter((name) => name.includes('weight'));
    expect(weights.every((name) => /weight_[gv]$/.test(name))).toBe(true);
    const codes = tensor([[1, -0.5], [1, -0.5]]); // prettier-ignore
    const { positions, textures } = avatar.decode(codes, tensor([[0, 0, 1], [0.6, 0, 0.8]])); // prettier-ignore
    const [shape, colours] = [await data(positions), await data(textures)];
    expect(shape.slice(3 * vertices)).toEqual(shape.slice(0, 3 * vertices));
    expect(colours.slice(768)).not.toEqual(colours.slice(0, 768));
  });

  it('learns faces that look different from both sides', async () => {
    const avatar = await smallModel();
    const textures = rand([4, 16, 16, 3], { generator }).mul(0.3).add(0.35).detach();
    const moves = tensor([[0, 0, 0], [0, 0, 0], [4, 0, 0], [4, 0, 0]]); // prettier-ignore
    const twice = tensor(Int32Array.from([0, 0, 2, 2]));
    const batch = {
      ...{ textures, averages: textures.indexSelect(0, twice), positions: head.positions.add(moves.unsqueeze(1)) },
      visible: tensor(new Float32Array(4 * 256).fill(1), [4, 16, 16, 1]),
      views: tensor([[0.6, 0, 0.8], [-0.6, 0, 0.8], [0.6, 0, 0.8], [-0.6, 0, 0.8]]), // prettier-ignore
    };
    const adam = new Adam(avatar.parameters(), { lr: 0.02 });
    const step = compile(() => {
      const { mesh: shape, texture, code } = avatar.terms(batch);
      shape.add(texture).add(code).backward();
      adam.step();
      adam.zeroGrad();
      return [shape.detach(), texture.detach()] as const;
    });
    const value = async (t: Tensor): Promise<number> => (await t.data())[0];
    const [shape0, texture0] = await Promise.all(step().map(value));
    for (let k = 0; k < 220; k++) step();
    const [shape1, texture1] = await Promise.all(step().map(value));
    expect(shape1).toBeLessThan(0.2 * shape0);
    // the mean of both sides would leave half of it
    expect(texture1).toBeLessThan(0.4 * texture0);
  });
});
