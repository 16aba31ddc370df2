import { beforeAll, describe, expect, it } from 'vitest';
import { largestDifference } from '../../../render/src/testing/random.testing.js';
import { Generator, Parameter, randn, ShapeError, tensor } from '../engine.js';
import { albedoOf } from './albedo.js';
import { caricature } from './caricature.js';
import { loadFaceModel } from './files/loadFaceModel.js';
import { MorphableModel } from './morphableModel.js';
import { smallModel } from './smallModel.testing.js';
import { textureOfVertices, vertexAlbedoMaps, vertexTexels, verticesOfTexture } from './textureTransfer.js';

let model: MorphableModel;
beforeAll(async () => {
  model = await loadFaceModel();
});

describe('values of vertices and textures', () => {
  it('a smooth field goes to the texture and comes back', async () => {
    const smooth = Float32Array.from({ length: 2 * model.vertexCount }, (_, k) => {
      const [x, y] = [model.data.positions[3 * (k >> 1)], model.data.positions[3 * (k >> 1) + 1]];
      return k % 2 === 0 ? Math.sin(x / 40) : y / 100;
    });
    const values = tensor(smooth, [model.vertexCount, 2]);
    const back = await verticesOfTexture(model, textureOfVertices(values, vertexTexels(model, 512))).data();
    const errors = Array.from(back, (x, k) => Math.abs(x - smooth[k])).sort((a, b) => a - b);
    expect(errors[Math.floor(0.5 * errors.length)]).toBeLessThan(0.005);
    expect(errors[Math.floor(0.95 * errors.length)]).toBeLessThan(0.05); // small charts: teeth, lids
    const coarse = await verticesOfTexture(model, textureOfVertices(values, vertexTexels(model, 32))).data();
    expect(largestDifference(coarse, smooth)).toBeGreaterThan(0.2); // so the size matters
  });

  it('albedo from maps at the vertices is that of the texture there, but for what varies within a texel', async () => {
    const face = model.sample(new Generator(3));
    const atVertices = albedoOf(await vertexAlbedoMaps(model), face);
    const texture = model.albedo(face);
    for (const [own, whole] of [
      [atVertices.diffuse, texture.diffuse],
      [atVertices.specular, texture.specular],
    ]) {
      const [a, b] = [await own.squeeze(1).data(), await verticesOfTexture(model, whole).data()];
      const errors = Array.from(a, (x, k) => Math.abs(x - b[k])).sort((x, y) => x - y);
      expect(errors[errors.length >> 1]).toBeLessThan(1e-4);
      expect(errors[Math.floor(0.98 * errors.length)]).toBeLessThan(0.01);
    }
  });

  it('a constant fills every texel, also those outside of the charts; weights sum to 1', async () => {
    const texels = vertexTexels(new MorphableModel(smallModel()), 16);
    const ones = tensor(new Float32Array(72).fill(3), [72, 1]);
    expect((await textureOfVertices(ones, texels).data()).every((x) => Math.abs(x - 3) < 1e-6)).toBe(true);
    expect(() => vertexTexels(model, 0)).toThrow(ShapeError);
  });

  it('carries gradients: each texel gives its weights to its vertices', async () => {
    const texels = vertexTexels(new MorphableModel(smallModel()), 8);
    const values = new Parameter(randn([72, 1], { generator: new Generator(1) }));
    textureOfVertices(values, texels).sum().backward();
    const wanted = new Float32Array(72);
    texels.vertices.forEach((v, k) => (wanted[v] += texels.weights[k]));
    expect(largestDifference(await values.grad!.data(), wanted)).toBeLessThan(1e-4);
  });
});

it('a caricature goes along the line from the mean, and offsets are added', async () => {
  const small = new MorphableModel(smallModel());
  const coefficients = small.sample(new Generator(5), { expression: 0 });
  const [mean, face, drawn] = await Promise.all(
    [small.mean, small.geometry(coefficients), small.geometry(caricature(coefficients, 3))].map((t) => t.data()),
  );
  expect(
    largestDifference(
      drawn,
      face.map((x, k) => mean[k] + 3 * (x - mean[k])),
    ),
  ).toBeLessThan(1e-3);
  expect(caricature(coefficients, 2).blendshapes).toBe(coefficients.blendshapes);
  expect(() => caricature(coefficients, NaN)).toThrow(ShapeError);
  const offsets = tensor(new Float32Array(216).fill(2), [72, 3]);
  expect(await small.geometry({ offsets }).data()).toEqual(mean.map((x) => x + 2));
  expect(() => small.geometry({ offsets: tensor([1, 2, 3]) })).toThrow(/offsets: needs \[\.\.\., 72, 3\]/);
});
