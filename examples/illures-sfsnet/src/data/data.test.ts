import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor } from '@chiaro/autograd';
import {
  cropAroundLandmarks,
  cropRules,
  drawFaceScene,
  landmarkMask,
  landmarkPixels,
  loadFaceModel,
  maskRules,
  type MorphableModel,
} from '@chiaro/faces';
import { irradianceSH } from '@chiaro/render';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets } from '../config.js';
import { withDeformations } from './deformations.js';
import { facesIn, type FaceSetPlan } from './faceFolder.js';
import { residualOf, type KeptFace } from './faceMaps.js';
import { faceSetPlan, type FaceSetName } from './faceSets.js';
import { trainingSources } from './faceSources.js';
import { localImage, shadingOf } from './formation.js';
import { framedScene } from './framing.js';
import { drawPairs } from './pairs.js';
import { renderedFace } from './renderedFace.js';

const out = mkdtempSync(join(tmpdir(), 'chiaro-illures-data-'));
const size = 24;
const preset = { ...presets.smoke, size };
let model: MorphableModel;
const planOf = (name: FaceSetName): FaceSetPlan => faceSetPlan(name, preset, model);
/** Some items of a set's plan. */
const taken = (set: FaceSetPlan, items: readonly number[]): FaceSetPlan => ({
  ...set,
  plan: { ...set.plan, count: items.length, item: (m, k) => set.plan.item(m, items[k]) },
});

beforeAll(async () => {
  model = await loadFaceModel();
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

describe('formation of images', () => {
  it('is Lambert shading by the nine harmonics', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 27, maxLength: 27 }),
        fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -3, max: 3, noNaN: true })),
        async (light, [z, a]) => {
          const r = Math.sqrt(1 - z * z);
          const normal = [r * Math.cos(a), r * Math.sin(a), z];
          const expected = await irradianceSH(tensor([normal]), tensor(light, [9, 3])).data();
          shadingOf(normal, light).forEach((x, c) => expect(x).toBeCloseTo(expected[c] / Math.PI, 5));
        },
      ),
      { numRuns: 10, seed: 2 },
    );
    // radiance of 1 from everywhere leaves the albedo as it is
    const even = new Float32Array(27);
    even.fill(Math.sqrt(4 * Math.PI), 0, 3);
    expect([...localImage([0.2, 0.5, 0.7], [0, 0.6, 0.8], even)]).toEqual(
      [0.2, 0.5, 0.7].map((x) => expect.closeTo(x, 6) as number),
    );
  });
});

describe('sets', () => {
  let local: readonly KeptFace[];
  beforeAll(async () => {
    local = await facesIn(join(out, 'local'), taken(planOf('local'), [0, 5]));
  });

  it('of local light are eq. 1 and nothing else', () => {
    for (const face of local) {
      const { mask, image, albedo, normals, light } = face.maps;
      const seen = localImage(albedo, normals, light);
      let [largest, pixels] = [0, 0];
      for (let i = 0; i < image.length; i++) {
        if (mask[Math.floor(i / 3)] === 0) continue;
        largest = Math.max(largest, Math.abs(image[i] - seen[i]));
        pixels += 1 / 3;
      }
      expect(largest).toBeLessThan(2e-4); // 16 bits of albedo and normals
      expect(Math.max(...Array.from(image))).toBeLessThanOrEqual(1);
      expect(pixels / size ** 2).toBeGreaterThan(0.3);
    }
  });

  it('come again from their folder, as far as another preset does not claim it', async () => {
    const set = taken(planOf('local'), [0, 5]);
    const again = await facesIn(join(out, 'local'), set);
    expect(again.map((face) => face.maps)).toEqual(local.map((face) => face.maps));
    const other = { ...set, plan: { ...set.plan, settings: { other: 1 } } };
    await expect(facesIn(join(out, 'local'), other)).rejects.toThrow(/settings|other/);
  });

  it('that are path traced are eq. 2; photographs of them have the truth of the light before the camera', async () => {
    const set = planOf('video');
    const { scene } = await set.plan.item(model, 0);
    const framed = framedScene(model, scene);
    const maps = set.maps ?? {};
    const photo = await renderedFace(model, framed, 'photograph', { spp: 4, maps });
    const plain = await renderedFace(model, framed, 'traced', { spp: 4, maps });
    // I_g = A f(N, L) + R
    const residual = residualOf({ ...plain, labels: {} });
    const seen = localImage(plain.albedo, plain.normals, plain.light);
    let [most, strength] = [0, 0];
    for (let i = 0; i < seen.length; i++) {
      if (plain.mask[Math.floor(i / 3)] === 0) continue;
      most = Math.max(most, Math.abs(seen[i] + residual[i] - plain.image[i]));
      strength = Math.max(strength, Math.abs(residual[i]));
    }
    expect(most).toBeLessThan(1e-6);
    expect(strength).toBeGreaterThan(0.01);
    expect(photo.albedo).toEqual(plain.albedo);
    // one factor, the camera's exposure, makes one light of the other
    const factor = photo.light[0] / plain.light[0];
    for (let k = 0; k < 27; k++) expect(photo.light[k]).toBeCloseTo(factor * plain.light[k], 4);
    const inside = Array.from({ length: size * size }, (_, p) => p).filter(
      (p) => photo.mask[p] === 1 && plain.image[3 * p] < 1,
    );
    const differences = inside.map((p) => Math.abs(photo.image[3 * p] - photo.radiance![3 * p]));
    for (const p of inside) expect(photo.radiance![3 * p]).toBeCloseTo(factor * plain.image[3 * p], 3);
    // and the camera changed it
    expect(Math.max(...differences)).toBeGreaterThan(0.02);
  });

  it('give batches with the shapes of the contract', async () => {
    const grid = (name: FaceSetName, items: readonly number[]): Promise<readonly KeptFace[]> =>
      facesIn(join(out, `batch-${name}`), { ...taken(planOf(name), items), picture: 'local', spp: 0 });
    const expressions = await grid('expressions', [0, 1, 2]);
    const sets = { expressions, caricatures: await grid('caricatures', [0, 1]), styles: expressions };
    const clips = [local.map((face) => face.maps)];
    const sources = trainingSources({ ...sets, local, deformations: expressions, clips }, preset, 1);
    expect(sources.faces.local).toBe(2);
    // the last identity of both sets is for test
    expect(sources.faces.length).toBe(2 + 2 + 1);
    const batch = sources.faces.batch([0, 3]);
    expect(Object.values(batch).map((t) => t.shape)).toEqual([
      ...[3, 1, 1, 3, 3].map((c) => [2, size, size, c]),
      [2, 27],
      [2, size, size, 3],
    ]);
    // entries are in the order asked for; R is zero in local light
    const [images, residual] = await Promise.all([batch.image.data(), batch.residual.data()]);
    expect(images[size * size * 3]).toBeCloseTo(expressions[1].maps.image[0], 6);
    expect(Math.max(...Array.from(residual, Math.abs))).toBeLessThan(2e-4);
    const { mapI, mapJ, contoursI, contoursJ } = sources.alignment.albedo.batch([0]);
    expect(mapI.shape).toEqual([1, size, size, 3]);
    expect([...(await contoursI.data())]).not.toEqual([...(await contoursJ.data())]);
    expect([...(await mapI.data())]).not.toEqual([...(await mapJ.data())]);
    expect(sources.videoPairs.batch([0]).j.image.shape).toEqual([1, size, size, 3]);
  });
});

describe('framing', () => {
  it('puts faces of scenes where squares of photographs have them', async () => {
    const scene = await drawFaceScene(model, 5, { size: 96, turn: 0.6 });
    const landmarks = landmarkPixels(model, framedScene(model, scene));
    const { left, top, width } = cropAroundLandmarks(landmarks, cropRules.illuresSfsNet);
    for (const [found, expected] of [
      [left, 0],
      [top, 0],
      [width, 96],
    ])
      expect(Math.abs(found - expected)).toBeLessThan(2);
    // chin and brows lie in the mask that landmarks give, the corners not
    const mask = landmarkMask(landmarks, 96, maskRules.illuresSfsNet);
    const [chinX, chinY] = [landmarks[16], landmarks[17]];
    expect(mask[Math.floor(chinY - 3) * 96 + Math.floor(chinX)]).toBe(1);
    expect([mask[0], mask[95], mask[96 * 96 - 1]]).toEqual([0, 0, 0]);
  });
});

describe('pairs', () => {
  it('are of one group, each once, further ones more often in proportion', () => {
    const groups = [0, 0, 0, 1, 1];
    const counts = new Map<string, number>();
    const distance = (i: number, j: number): number => (i + j === 1 ? 3 : i + j === 7 ? 0 : 1);
    const rounds = 2000;
    for (let seed = 0; seed < rounds; seed++) {
      const [[i, j]] = drawPairs(groups, 1, seed, distance);
      expect(groups[i]).toBe(groups[j]);
      const key = `${Math.min(i, j)} ${Math.max(i, j)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    // 0 1 at distance 3 among 0 2 and 1 2 at 1: three in five; four standard errors of 0.011. Equal chances would give 0.33
    expect(Math.abs(counts.get('0 1')! / rounds - 0.6)).toBeLessThan(0.044);
    expect(counts.has('3 4')).toBe(false);
    expect(drawPairs(groups, 100, 1, () => 1)).toHaveLength(4);
  });
});

describe('deformations', () => {
  it('move the face by some millimetres', () => {
    const { data } = withDeformations(model.data, 3);
    const vertices = data.positions.length;
    for (let k = 0; k < 3; k++) {
      const first = (data.blendshapeNames.length - 3 + k) * vertices;
      const moved = data.blendshapes.subarray(first, first + vertices);
      const lengths = Array.from({ length: vertices / 3 }, (_, v) => Math.hypot(...moved.subarray(3 * v, 3 * v + 3)));
      expect(Math.max(...lengths)).toBeGreaterThan(5);
      expect(Math.max(...lengths)).toBeLessThan(15);
    }
  });
});
