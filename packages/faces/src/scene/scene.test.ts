import { Generator, ones, rand, referenceData, tensor } from '../engine.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadFaceModel } from '../model/index.js';
import type { MorphableModel } from '../model/index.js';
import { faceAreas, faceRegion } from './faceRegion.js';
import { guidedMean } from './guidedMean.js';
import { studioLights } from './studioLights.js';
import { faceTexels } from './texels.js';

let model: MorphableModel;
beforeAll(async () => {
  model = await loadFaceModel();
});

describe('guidedMean', () => {
  it('equals its reference, keeps constants, and does not mix what faces other ways', async () => {
    const generator = new Generator(2);
    const image = rand([9, 12, 3], { generator });
    const sides = tensor(
      Float32Array.from({ length: 324 }, (_, i) => [i % 36 < 18 ? 1 : 0, 0, i % 36 < 18 ? 0 : 1][i % 3]),
      [9, 12, 3],
    );
    const coverage = rand([9, 12], { generator });
    const filtered = guidedMean(image, sides, coverage, 2);
    const [expected] = await referenceData(filtered);
    (await filtered.data()).forEach((x, i) => expect(x).toBeCloseTo(expected[i], 5));
    const constant = await guidedMean(ones([9, 12, 3]), sides, ones([9, 12]), 3).data();
    constant.forEach((x) => expect(x).toBeCloseTo(1, 5));
    const step = await guidedMean(sides, sides, ones([9, 12]), 3)
      .sub(sides)
      .abs()
      .max()
      .item();
    expect(step).toBeLessThan(1e-5);
  });
});

describe('faceRegion and faceTexels', () => {
  it('the region has the same face, coefficients and landmarks', async () => {
    const { data, vertices } = faceRegion(model.data);
    expect(vertices.length).toBeLessThan(model.vertexCount);
    data.landmarks.forEach((v, k) => expect(vertices[v]).toBe(model.data.landmarks[k]));
    const [a, b] = [3 * 100, 3 * vertices[100]];
    expect(data.positions.subarray(a, a + 3)).toEqual(model.data.positions.subarray(b, b + 3));
    const [size, whole] = [data.positions.length, model.data.positions.length];
    expect(data.identity.subarray(2 * size + a, 2 * size + a + 3)).toEqual(
      model.data.identity.subarray(2 * whole + b, 2 * whole + b + 3),
    );
    // a face of 200 x 150 mm has some 300 square centimetres
    const area = faceAreas(data).reduce((x, y) => x + y, 0);
    expect(area).toBeGreaterThan(20_000);
    expect(area).toBeLessThan(80_000);
  });

  it('the mirror of the mirror of a texel on the face is near the texel', () => {
    const size = 64;
    const { mask, mirror } = faceTexels(model.data, size);
    const face = [...mask.keys()].filter((k) => mask[k] > 0.5);
    expect(face.length).toBeGreaterThan(300);
    const near = face.filter((k) => {
      const back = mirror[mirror[k]];
      return Math.hypot((back % size) - (k % size), Math.floor(back / size) - Math.floor(k / size)) <= 2;
    });
    // at seams of the texture a vertex has several places, of which one is taken
    expect(near.length).toBeGreaterThan(0.93 * face.length);
    expect(face.filter((k) => mirror[k] !== k).length).toBeGreaterThan(0.9 * face.length);
  });

  it('studio lights come from where they say', () => {
    const [even, left, right] = studioLights();
    expect(even.sh[9]).toBe(0);
    expect(left.sh[9]).toBeLessThan(0); // l 1, m 1: x
    expect(right.sh[9]).toBeGreaterThan(0);
  });
});
