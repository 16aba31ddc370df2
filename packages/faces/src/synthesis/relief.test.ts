import { beforeAll, describe, expect, it } from 'vitest';
import { loadFaceModel } from '../model/files/loadFaceModel.js';
import type { MorphableModel } from '../model/index.js';
import { drawFaceScene } from './faceScene.js';
import type { FaceScene } from './faceScene.js';
import type { FaceRelief } from './relief.js';
import { synthesize } from './synthesize.js';
import type { SyntheticFace } from './synthesize.js';

const furrows: Omit<FaceRelief, 'as'> = { seed: 5, period: 18, depth: 1, strength: 0.4 };
let model: MorphableModel;
let scene: FaceScene;
beforeAll(async () => {
  model = await loadFaceModel();
  scene = await drawFaceScene(model, 3, { size: 32 });
}, 240_000);

describe('furrows', () => {
  it('are in the normals or in the albedo, and in nothing else', async () => {
    const render = (relief?: FaceRelief): Promise<SyntheticFace> =>
      synthesize(model, { ...scene, ...(relief && { relief }) }, { spp: 4 });
    const [plain, geometry, paint] = [
      await render(),
      await render({ ...furrows, as: 'geometry' }),
      await render({ ...furrows, as: 'paint' }),
    ];
    const face = Array.from(plain.faceMask.keys()).filter((k) => plain.faceMask[k] > 0.9);
    const angles = (other: SyntheticFace): number[] =>
      face.map((k) => {
        const cosine = [0, 1, 2].reduce((sum, c) => sum + plain.normals[3 * k + c] * other.normals[3 * k + c], 0);
        return (Math.acos(Math.min(1, cosine)) * 180) / Math.PI;
      });
    const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b) / list.length;
    // slopes of up to 2 pi / 18 = 0.35, 19 degrees; a mean of some 0.4 of that and of what the slow wave and the mesh leave
    expect(mean(angles(geometry))).toBeGreaterThan(3);
    expect(Math.max(...angles(geometry))).toBeLessThan(26);
    expect(geometry.albedo).toEqual(plain.albedo);
    expect(geometry.depth).toEqual(plain.depth);
    expect(Math.max(...angles(paint))).toBeLessThan(0.1);
    const tones = face.map((k) => paint.albedo[3 * k + 1] / plain.albedo[3 * k + 1]);
    expect(Math.min(...tones)).toBeLessThan(0.85);
    expect(Math.min(...tones)).toBeGreaterThan(0.59);
    expect(Math.max(...tones)).toBeLessThan(1.001);
    expect(mean(face.map((k) => Math.abs(geometry.traced[3 * k] - plain.traced[3 * k])))).toBeGreaterThan(0.003);
  }, 240_000);
});
