import { beforeAll, describe, expect, it } from 'vitest';
import { largestDifference } from '../../../../render/src/testing/random.testing.js';
import { FormatError } from '../../engine.js';
import type { FaceModelData } from '../faceModelData.js';
import { loadFaceModel } from '../files/loadFaceModel.js';
import type { SourceFaceModel } from '../files/sourceModel.js';
import { MorphableModel } from '../morphableModel.js';
import { completeFaceModel } from './completeFaceModel.js';

let reference: FaceModelData;
let bare: SourceFaceModel;
/** The bundled model as a stranger: elsewhere, larger, inside out, with nothing but its shape. */
beforeAll(async () => {
  reference = (await loadFaceModel()).data;
  const { positions, triangles, identity, blendshapes, blendshapeNames } = reference;
  bare = {
    ...{ name: 'stranger', licence: 'none', identity, blendshapes, blendshapeNames },
    positions: positions.map((x, k) => 1.05 * x + [20, -300, 80][k % 3]),
    triangles: triangles.map((_, k) => triangles[k - (k % 3) + 2 - (k % 3)]),
  };
});

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('a model that is only a shape', () => {
  it('gets landmarks, mask, mirror, albedo and the origin of the reference', () => {
    const done = completeFaceModel(bare, reference, { textureSize: 64 });
    expect(done.triangles).toEqual(reference.triangles);
    const back = reference.positions.map((x) => 1.05 * x);
    expect(largestDifference(done.positions, back)).toBeLessThan(1.5); // a fitted scale may trade with the origin
    const off = Array.from(done.landmarks, (v, k) => {
      const w = reference.landmarks[k];
      return Math.hypot(...[0, 1, 2].map((c) => done.positions[3 * v + c] - back[3 * w + c]));
    });
    expect(mean(off)).toBeLessThan(1.5); // mm; vertices are 5 mm apart
    expect(mean(Array.from(done.mask, (x, v) => Math.abs(x - reference.mask[v])))).toBeLessThan(0.02);
    const unlike = done.mirror.filter((m, v) => m !== reference.mirror[v]).length;
    expect(unlike).toBeLessThan(0.05 * done.mirror.length);
    expect(done.albedo.modes).toHaveLength(5 * 64 * 64 * 3);
    const brow = (data: FaceModelData): number => {
      // the brow is darker than the forehead above it, wherever the texture has them
      const at = (v: number): number => {
        const t = data.uvTriangles[data.triangles.indexOf(v)];
        const [x, y] = [data.uvs[2 * t] * data.albedo.width, (1 - data.uvs[2 * t + 1]) * data.albedo.height];
        return data.albedo.mean[3 * (Math.floor(y) * data.albedo.width + Math.floor(x)) + 1];
      };
      return mean(Array.from(data.landmarks.subarray(17, 27), at)) / at(data.landmarks[27]);
    };
    expect(brow(done)).toBeLessThan(0.9);
    expect(brow(reference)).toBeLessThan(0.9);
    expect(new MorphableModel(done).identityCount).toBe(128);
  });

  it('takes a constant colour, and landmarks that are known', () => {
    const { landmarks } = reference;
    const done = completeFaceModel(bare, reference, { textureSize: 16, albedo: [0.5, 0.3, 0.2], landmarks });
    expect(done.landmarks).toEqual(landmarks);
    expect(new Set(done.albedo.mean)).toEqual(new Set([0.5, 0.3, 0.2].map(Math.fround)));
    expect(() => completeFaceModel(bare, reference, { landmarks: [1, 2] })).toThrow(/2 landmarks instead of 68/);
    expect(() => completeFaceModel(bare, reference, { textureSize: 0 })).toThrow(FormatError);
  });

  it('keeps colours of its own: a colour that follows the place is found at that place of the texture', () => {
    const low = Math.min(...bare.positions.filter((_, k) => k % 3 === 1));
    const high = Math.max(...bare.positions.filter((_, k) => k % 3 === 1));
    const height = (v: number): number => (bare.positions[3 * v + 1] - low) / (high - low);
    const vertices = bare.positions.length / 3;
    const colours = {
      mean: Float32Array.from({ length: 3 * vertices }, (_, k) => height(Math.floor(k / 3))),
      modes: new Float32Array(2 * 3 * vertices).fill(0.25),
    };
    const { albedo, uvs } = completeFaceModel({ ...bare, colours }, reference, { textureSize: 64, albedoModes: 1 });
    expect(albedo.modes).toHaveLength(64 * 64 * 3);
    expect(largestDifference(albedo.modes, new Float32Array(64 * 64 * 3).fill(0.25))).toBeLessThan(1e-6);
    // the head's chart is unrolled upright, from 0.2 to 0.98
    for (let row = 5; row < 48; row++) {
      const v = 1 - (row + 0.5) / 64;
      expect(albedo.mean[3 * (64 * row + 32)]).toBeCloseTo((v - 0.2) / 0.78, 1);
    }
    expect(uvs.every((x) => x >= 0 && x <= 1)).toBe(true);
  });
});
