import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Generator, Parameter, pinhole, ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { albedoAtlas } from './albedoAtlas.js';
import { faceOfAttributes, traceFace } from './attributeFace.js';
import { baseEnergy, baseTerms } from './energy.js';
import type { BaseWeights } from './energy.js';
import { shadeTerm, vertexTerm } from './photoTerms.js';
import type { AttributeView } from './photoTerms.js';
import { squareModel } from './squareModel.testing.js';
import { attributeLayout, attributeNames, attributesOf, vectorOfAttributes } from './layout.js';

const model = squareModel();
const start = { translation: [0, -35, -400], ambient: 0.6 } as const;
const layout = attributeLayout(model, { identity: 80, albedo: 80, bands: 3 }, start);
const of = { model, layout, atlas: albedoAtlas(model, 4) };

describe('the attribute vector', () => {
  it('has the numbers of section 3.1 for a model of 80, 75 and 80 modes', () => {
    const big = { identityCount: 128, blendshapeCount: 75, albedoCount: 100 };
    const { size, parts } = attributeLayout(big, { identity: 80, albedo: 80, bands: 9 }, start);
    expect(size).toBe(80 + 75 + 80 + 2 + 6 + 243);
    expect(parts.light.count).toBe(243);
    expect(() => attributeLayout(big, { identity: 80, albedo: 80, bands: 10 }, start)).toThrow(ShapeError);
    expect(() => attributesOf(layout, tensor(new Float32Array(3)))).toThrow(ShapeError);
  });

  it('and attributes are each other’s inverse; zeros are the start', async () => {
    const read = async (vector: Float32Array): Promise<Record<string, number[]>> => {
      const attributes = attributesOf(layout, tensor(vector));
      const each = attributeNames.map(
        async (name) => [name, [...(await attributes[name].data())]] as [string, number[]],
      );
      return Object.fromEntries(await Promise.all(each));
    };
    const zero = await read(new Float32Array(layout.size));
    expect(zero['translation']).toEqual([...start.translation]);
    // an even radiance of 0.6 is 0.6 sqrt(4 pi) Y_00
    expect(zero['light'][0] * Math.sqrt(1 / (4 * Math.PI))).toBeCloseTo(0.6, 6);
    const numbers = fc.array(fc.float({ min: -3, max: 3, noNaN: true }), {
      minLength: layout.size,
      maxLength: layout.size,
    });
    await fc.assert(
      fc.asyncProperty(numbers, async (values) => {
        const vector = Float32Array.from(values);
        const back = vectorOfAttributes(layout, await read(vector));
        back.forEach((x, k) => expect(Math.abs(x - vector[k])).toBeLessThan(1e-4));
      }),
      { numRuns: 10 },
    );
  });
});

describe('the albedo atlas', () => {
  it('is the model’s own albedo at its own size, and the mean over squares below', async () => {
    const attributes = { albedo: tensor([0.4, -0.7]), tint: tensor([0, 0]) };
    const whole = model.albedo(attributes);
    const [same, small] = [8, 4].map((size) => albedoAtlas(model, size).textures(attributes));
    for (const name of ['diffuse', 'specular'] as const) {
      const [truth, found, coarse] = await Promise.all([whole, same, small].map((t) => t[name].data()));
      found.forEach((x, k) => expect(x).toBeCloseTo(truth[k], 6));
      coarse.forEach((x, k) => {
        const [c, column, row] = [k % 3, Math.floor(k / 3) % 4, Math.floor(k / 12)];
        const texels = [0, 1, 8, 9].map((step) => truth[3 * (16 * row + 2 * column + step) + c]);
        expect(x).toBeCloseTo(texels.reduce((a, b) => a + b) / 4, 5);
      });
    }
    expect(() => albedoAtlas(model, 3)).toThrow(ShapeError);
  });
});

describe('the base energy', () => {
  const size = 24;
  const camera = pinhole({
    ...{ width: size, height: size, near: 50, far: 5000 },
    intrinsics: tensor([4 * size, 4 * size, size / 2, size / 2]),
  });
  const truth = vectorOfAttributes(layout, {
    identity: [0.5, -0.5, 0.3, 0.2, -0.4],
    blendshapes: [0.3, 0.1, 0.6],
    albedo: [0.8, -0.6],
    rotation: [0.05, 0.2, -0.03],
    light: Array.from({ length: 27 }, (_, k) => (k < 3 ? 2.5 : 0.5 * Math.sin(3 * k))),
  });
  const rays = { spp: 64, depth: 2, lightHeight: 16 };
  const view = async (): Promise<AttributeView> => {
    const face = faceOfAttributes(of, tensor(truth));
    const { image } = traceFace(model, face, camera, { ...rays, spp: 256, generator: new Generator(3) });
    const landmarks = camera.toPixels(model.landmarks(face.mesh.positions)).narrow(1, 0, 2);
    const targets = {
      landmarks: tensor(await landmarks.data(), [68, 2]),
      tangents: tensor(
        Float32Array.from({ length: 136 }, (_, k) => 1 - (k % 2)),
        [68, 2],
      ),
      ...{ slide: tensor(new Float32Array(68).fill(1)), sigma: 1 },
    };
    return { photo: tensor(await image.data(), [size, size, 3]), camera, targets };
  };
  const all: BaseWeights = { rays: 1, vertices: 1, landmarks: 1, shapePrior: 1, albedoPrior: 1, box: 1 };

  it('is least at the truth, term by term, and every attribute has a gradient', async () => {
    const photo = await view();
    const energy = async (vector: Tensor, weights = all): Promise<Record<string, number>> => {
      const values = await baseEnergy(
        model,
        faceOfAttributes(of, vector),
        photo,
        { ...rays, generator: new Generator(9) },
        weights,
      ).data();
      return Object.fromEntries(baseTerms.map((name, k) => [name, values[k]]));
    };
    const moved = (name: (typeof attributeNames)[number], by: number): Tensor => {
      const vector = truth.slice();
      const { first, count } = layout.parts[name];
      for (let k = first; k < first + count; k++) vector[k] += (k - first) % 2 === 0 ? by : -by;
      return tensor(vector);
    };
    const best = await energy(tensor(truth));
    expect(best['landmarks']).toBeLessThan(1e-6);
    expect(best['box']).toBe(0);
    expect(best['albedoPrior']).toBeCloseTo((0.8 ** 2 + 0.6 ** 2) / 4, 5);
    expect((await energy(moved('translation', 0.1)))['landmarks']).toBeGreaterThan(0.5);
    expect((await energy(moved('blendshapes', 0.7)))['box']).toBeGreaterThan(0.01);
    // 64 samples a pixel leave some noise; a light or skin that is wrong shows beyond it
    for (const name of ['albedo', 'light', 'rotation'] as const) {
      const worse = await energy(moved(name, name === 'albedo' ? 2 : 0.3));
      expect(worse['rays']).toBeGreaterThan(1.5 * best['rays']);
    }
    expect((await energy(tensor(truth), { ...all, rays: 0, vertices: 0 }))['rays']).toBe(0);

    const cell = new Parameter(moved('light', 0.1));
    const weights = { ...all, box: 0, shapePrior: 0, albedoPrior: 0, landmarks: 0 };
    baseEnergy(model, faceOfAttributes(of, cell), photo, { ...rays, generator: new Generator(9) }, weights)
      .sum()
      .backward();
    const gradient = await cell.grad!.data();
    for (const name of attributeNames) {
      const { first, count } = layout.parts[name];
      const part = gradient.subarray(first, first + count);
      expect(part.every((g) => Number.isFinite(g))).toBe(true);
      expect(part.some((g) => g !== 0)).toBe(true);
    }
  });

  it('of shades is the vertex-based term, and moves light and reflectance alone', async () => {
    const photo = await view();
    const cell = new Parameter(tensor(truth).add(0.05));
    const face = faceOfAttributes(of, cell);
    const whole = vertexTerm(model, face, photo);
    const every = Array.from({ length: model.vertexCount }, (_, v) => v);
    expect(await shadeTerm(model, face, photo, every).item()).toBeCloseTo(await whole.item(), 5);
    const [even, odd] = [0, 1].map((rest) => every.filter((v) => v % 2 === rest));
    expect(await shadeTerm(model, face, photo, even).item()).not.toBe(await shadeTerm(model, face, photo, odd).item());

    shadeTerm(model, face, photo, even).backward();
    const gradient = await cell.grad!.data();
    for (const name of attributeNames) {
      const { first, count } = layout.parts[name];
      const moves = gradient.subarray(first, first + count).some((g) => g !== 0);
      expect([name, moves]).toEqual([name, ['albedo', 'tint', 'light'].includes(name)]);
    }
  });
});
