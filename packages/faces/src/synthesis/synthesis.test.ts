import { beforeAll, describe, expect, it } from 'vitest';
import { largestDifference } from '../../../render/src/testing/random.testing.js';
import { loadFaceModel } from '../model/files/loadFaceModel.js';
import type { MorphableModel } from '../model/index.js';
import { drawFaceScene } from './faceScene.js';
import type { FaceScene } from './faceScene.js';
import { synthesize } from './synthesize.js';
import type { SyntheticFace } from './synthesize.js';

const size = 48;
let model: MorphableModel;
let scene: FaceScene;
let face: SyntheticFace;
beforeAll(async () => {
  model = await loadFaceModel();
  scene = await drawFaceScene(model, 3, { size });
  face = await synthesize(model, scene, { spp: 8 });
}, 240_000);

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/** The point in the camera's frame that depth puts at the middle of a pixel. */
function pointAt(k: number): [number, number, number] {
  const [x, y] = [(k % size) + 0.5 - size / 2, Math.floor(k / size) + 0.5 - size / 2];
  return [(x * face.depth[k]) / scene.focal, (-y * face.depth[k]) / scene.focal, -face.depth[k]];
}

describe('a synthetic face', () => {
  it('comes again, bit for bit, from its numbers as text', async () => {
    const again = await synthesize(model, JSON.parse(JSON.stringify(scene)) as FaceScene, { spp: 8 });
    expect(again).toEqual(face);
    expect(await drawFaceScene(model, 3, { size })).toEqual(scene);
    expect((await drawFaceScene(model, 4, { size })).identity).not.toEqual(scene.identity);
  });

  it('comes again to noise from other random numbers, and not from another light', async () => {
    // block means of 8 x 8 pixels: differences of two renders against those between the two
    const mean = (image: Float32Array): number[] =>
      Array.from({ length: 36 }, (_, b) => {
        let sum = 0;
        for (let k = 0; k < 64; k++)
          sum += image[3 * ((8 * Math.floor(b / 6) + (k >> 3)) * size + 8 * (b % 6) + (k & 7)) + 1] / 64;
        return sum;
      });
    const other = mean((await synthesize(model, { ...scene, seed: scene.seed + 1 }, { spp: 8 })).traced);
    const third = mean((await synthesize(model, { ...scene, seed: scene.seed + 2 }, { spp: 8 })).traced);
    const lamps = scene.lamps.map((lamp) => ({ ...lamp, irradiance: lamp.irradiance.map((x) => 1.3 * x) }));
    const lit = mean((await synthesize(model, { ...scene, lamps } as unknown as FaceScene, { spp: 8 })).traced);
    const own = mean(face.traced);
    const distance = (a: number[], b: number[]): number => Math.sqrt(a.reduce((s, x, k) => s + (x - b[k]) ** 2, 0));
    const noise = distance(other, third);
    expect(distance(own, other)).toBeLessThan(2 * noise);
    expect(distance(own, lit)).toBeGreaterThan(2 * noise);
  });

  it('fills a good part of the picture; what is behind the face is 0', () => {
    const inside = face.mask.filter((m) => m === 1).length;
    expect(inside / size ** 2).toBeGreaterThan(0.25);
    expect(inside / size ** 2).toBeLessThan(0.9);
    for (const [map, channels] of [
      [face.albedo, 3],
      [face.normals, 3],
      [face.depth, 1],
      [face.uv, 2],
    ] as const)
      expect(map.every((x, k) => x === 0 || face.mask[Math.floor(k / channels)] === 1)).toBe(true);
    expect(face.traced.some((x) => x > 0.1)).toBe(true);
  });

  it('R = I_g - I_l, and it is mostly shadow and highlight, not another face', () => {
    expect(
      largestDifference(
        face.residual.map((x, k) => x + face.local[k]),
        face.traced,
      ),
    ).toBeLessThan(1e-6);
    const size1 = (map: Float32Array): number => map.reduce((sum, x) => sum + Math.abs(x), 0);
    expect(size1(face.residual)).toBeLessThan(0.6 * size1(face.local));
    expect(size1(face.residual)).toBeGreaterThan(0.02 * size1(face.local));
  });

  it('light between surfaces brightens hollows, and the tip of the nose hardly', async () => {
    const direct = await synthesize(model, scene, { spp: 64, depth: 2 });
    const full = await synthesize(model, scene, { spp: 64 });
    expect(direct.local).toEqual(face.local);
    // means of square windows about points of the face, by landmarks
    const gain = (...ids: number[]): number => {
      const middle = [0, 1].map((c) => ids.reduce((sum, k) => sum + face.landmarks[2 * k + c], 0) / ids.length);
      let [more, all] = [0, 0];
      for (let y = -2; y < 2; y++)
        for (let x = -2; x < 2; x++) {
          const at = 3 * (Math.round(middle[1] + y) * size + Math.round(middle[0] + x));
          more += full.traced[at] - direct.traced[at];
          all += direct.traced[at];
        }
      return more / all;
    };
    const [left, right, tip] = [gain(21, 39), gain(22, 42), gain(30)];
    expect(Math.min(left, right)).toBeGreaterThan(0.05);
    expect(Math.min(left, right)).toBeGreaterThan(1.3 * tip);
    expect(full.traced.every((x, k) => x >= direct.traced[k] - 1e-4)).toBe(true); // the same paths, only longer
  });

  it('normals are those of the surface that depth draws', () => {
    const angles: number[] = [];
    for (let k = size; k < size * (size - 1); k++) {
      const near = [k, k - 1, k + 1, k - size, k + size];
      if (near.some((j) => face.mask[j] === 0 || face.faceMask[j] < 0.9)) continue;
      const [left, right, up, down] = near.slice(1).map(pointAt);
      const [u, v] = [right.map((x, c) => x - left[c]), up.map((x, c) => x - down[c])];
      const across = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
      const cosine = across.reduce((sum, x, c) => sum + x * face.normals[3 * k + c], 0) / Math.hypot(...across);
      angles.push((Math.acos(Math.min(1, cosine)) * 180) / Math.PI);
    }
    expect(angles.length).toBeGreaterThan(100);
    expect(median(angles)).toBeLessThan(7); // pixels are 5.6 mm wide
  });

  it('texture coordinates lead to the point that depth shows, and to its albedo', async () => {
    const { data } = model;
    const positions = await posedPositions();
    const errors: number[] = [];
    for (let k = 0; k < size * size; k += 7) {
      if (face.mask[k] === 0) continue;
      const [u, v] = [face.uv[2 * k], face.uv[2 * k + 1]];
      // the triangle that holds (u, v), by looking at all
      for (let f = 0; f < data.triangles.length; f += 3) {
        const [a, b, c] = [0, 1, 2]
          .map((j) => data.uvTriangles[f + j])
          .map((t) => [data.uvs[2 * t], data.uvs[2 * t + 1]]);
        const area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        const s = ((u - a[0]) * (c[1] - a[1]) - (v - a[1]) * (c[0] - a[0])) / area;
        const t = ((b[0] - a[0]) * (v - a[1]) - (b[1] - a[1]) * (u - a[0])) / area;
        if (!(s >= -1e-4 && t >= -1e-4 && s + t <= 1 + 1e-4)) continue;
        const weights = [1 - s - t, s, t];
        const place = [0, 1, 2].map((axis) =>
          weights.reduce((sum, w, j) => sum + w * positions[3 * data.triangles[f + j] + axis], 0),
        );
        errors.push(Math.hypot(...pointAt(k).map((x, axis) => x - place[axis])));
        break;
      }
    }
    expect(errors.length).toBeGreaterThan(60);
    expect(median(errors)).toBeLessThan(0.05); // mm
  });

  it('landmarks lie where the surface has them', async () => {
    const positions = await posedPositions();
    const nose = model.data.landmarks[30];
    const [x, y, z] = positions.subarray(3 * nose, 3 * nose + 3);
    const pixel = [size / 2 - (scene.focal * x) / z, size / 2 + (scene.focal * y) / z];
    expect(Math.hypot(face.landmarks[60] - pixel[0], face.landmarks[61] - pixel[1])).toBeLessThan(1);
  });
});

/** Vertices in the camera's frame, by the formula of the scene in float64. */
async function posedPositions(): Promise<Float64Array> {
  const { tensor } = await import('../engine.js');
  const { rotationAbout } = await import('../geometry/rotationAbout.testing.js');
  const { applySimilarity } = await import('../geometry/similarity.js');
  const shape = await model
    .geometry({ identity: tensor([...scene.identity]), blendshapes: tensor([...scene.blendshapes]) })
    .data();
  const rotation = rotationAbout(scene.rotation, Math.hypot(...scene.rotation));
  return applySimilarity(shape, { scale: 1, rotation, translation: scene.translation });
}
