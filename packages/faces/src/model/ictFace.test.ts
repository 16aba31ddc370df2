import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Generator } from '../engine.js';
import { parseICTFace } from './files/ictFace.js';
import { findICTFace } from './ictFace.testing.js';
import { MorphableModel } from './morphableModel.js';

const path = findICTFace();

describe.skipIf(path === undefined)('the ICT model, where it is present', () => {
  it('is a head of human size with landmarks where they belong, and a painted skin', async () => {
    const model = new MorphableModel(parseICTFace(readFileSync(path!)));
    const { vertexCount, identityCount, blendshapeCount, albedoCount } = model;
    expect([vertexCount, identityCount, blendshapeCount, albedoCount]).toEqual([16434, 100, 53, 0]);
    const points = await model.landmarks(model.mean).data();
    expect(points[3 * 45] - points[3 * 36]).toBeCloseTo(89.2, 1); // outer corners of the eyes, mm, as published
    expect(points[3 * 30 + 2]).toBeGreaterThan(125); // tip of the nose
    expect(model.landmarkIds({ yaw: 0 })).toEqual(model.landmarkIds());
    const coefficients = model.sample(new Generator(3));
    expect((await model.geometry(coefficients).data()).every((x) => Math.abs(x) < 250)).toBe(true);
    const { diffuse, specular } = model.albedo(coefficients);
    expect([...diffuse.shape, ...specular.shape]).toEqual([128, 128, 3, 128, 128, 3]);
    expect((await diffuse.data()).every((x) => x > 0 && x < 1)).toBe(true);
  });
});
