import { beforeAll, describe, expect, it } from 'vitest';
import { decodePixels } from '../engine.js';
import { loadFaceModel } from '../model/files/loadFaceModel.js';
import type { MorphableModel } from '../model/index.js';
import { rotationOfAxisAngle } from '../fit/pose/rotation.js';
import { backgroundImage } from './background.js';
import { Draws } from './draws.js';
import { turned } from './frames.js';
import {
  caricatureGrid,
  faceClips,
  faceGrid,
  faceSet,
  lightStage,
  synthesisBatches,
  synthesisLocalStream,
  synthesisStream,
} from './index.js';
import type { FaceScene, SynthesisPlan } from './index.js';
import { headLandmarks, landmarkPixels } from './landmarkPixels.js';
import { distortedPoint, undistortedPoint } from './lensOnHost.js';
import { sampleArrays } from './sampleArrays.js';
import { lightOfPhotograph, photograph, respond, respondInverse } from './sensor.js';
import type { CameraResponse } from './sensor.js';
import { synthesize, synthesizeLocal } from './synthesize.js';

const size = 32;
let model: MorphableModel;
beforeAll(async () => {
  model = await loadFaceModel();
}, 120_000);

const everything = {
  backgrounds: ['constant', 'gradient', 'environment'],
  glasses: 0.5,
  hands: 0.3,
  hair: 0.6,
  sensor: true,
  lens: true,
} as const;

describe('plans', () => {
  const plans: Record<string, () => SynthesisPlan> = {
    faces: () => faceSet({ count: 5, size, looks: everything }),
    grid: () => faceGrid({ identities: 3, size, looks: everything }),
    caricatures: () => caricatureGrid({ identities: 2, size, looks: everything }),
    clips: () => faceClips({ clips: 4, size, looks: everything }),
    stage: () => lightStage({ frames: 5, cameras: 3, groups: 4, groupSize: 2, size, looks: everything }),
  };
  for (const [name, make] of Object.entries(plans))
    it(`${name}: an item is a function of its number and the seed, in any order, as text`, async () => {
      const plan = make();
      const last = plan.count - 1;
      const forth = [await plan.item(model, 0), await plan.item(model, last)];
      const other = make();
      const back = [await other.item(model, last), await other.item(model, 0)].reverse();
      expect(back).toEqual(forth);
      expect(JSON.parse(JSON.stringify(forth))).toEqual(forth);
      expect(forth[0].scene).not.toEqual(forth[1].scene);
      expect(JSON.parse(JSON.stringify(plan.settings))).toEqual(plan.settings);
      await expect(plan.item(model, plan.count)).rejects.toThrow(/no item/);
      const found = forth[1].scene;
      for (const x of [...found.identity, ...found.blendshapes, ...found.translation])
        expect(Number.isFinite(x)).toBe(true);
    });

  it('a grid shares what it says: the identity, the expression, the view, the light', async () => {
    const plan = faceGrid({ identities: 2, expressions: 3, views: 2, lights: 2, size });
    expect(plan.count).toBe(24);
    expect(faceGrid({ identities: 114 }).count).toBe(13_680); // Expre-syn
    const items = await Promise.all(Array.from({ length: 24 }, (_, k) => plan.item(model, k)));
    for (const a of items)
      for (const b of items) {
        const same = (name: string): boolean => a.labels[name] === b.labels[name];
        const equal = (of: (s: FaceScene) => unknown): boolean =>
          JSON.stringify(of(a.scene)) === JSON.stringify(of(b.scene));
        expect(equal((s) => [s.identity, s.albedo])).toBe(same('identity'));
        expect(equal((s) => s.blendshapes)).toBe(same('expression'));
        expect(equal((s) => s.rotation)).toBe(same('view'));
        expect(equal((s) => [s.ambient, s.lamps])).toBe(same('light'));
      }
    const grown = await caricatureGrid({ identities: 2, expressions: 3, views: 2, lights: 2, size }).item(model, 0);
    const factor = grown.labels['factor'];
    expect(factor).toBeGreaterThanOrEqual(1.6);
    grown.scene.identity.forEach((w, k) => expect(w).toBeCloseTo(factor * items[0].scene.identity[k], 6));
  });

  it('clips are smooth: landmarks move, no frame jumps; the light stays or moves as it says', async () => {
    const plan = faceClips({ clips: 3, size: 128 });
    const clips: FaceScene[][] = [[], [], []];
    for (let k = 0; k < plan.count; k++) {
      const { scene, labels } = await plan.item(model, k);
      expect(labels['frame']).toBe(clips[labels['clip']].length);
      expect(labels['frames']).toBeGreaterThanOrEqual(25);
      expect(labels['frames']).toBeLessThanOrEqual(35);
      clips[labels['clip']].push(scene);
    }
    for (const scenes of clips) {
      const points = scenes.map((s) => landmarkPixels(model, s));
      const distance = (a: Float32Array, b: Float32Array): number =>
        Math.max(...Array.from({ length: 68 }, (_, k) => Math.hypot(a[2 * k] - b[2 * k], a[2 * k + 1] - b[2 * k + 1])));
      const steps = points.slice(1).map((p, k) => distance(p, points[k]));
      const jerks = points.slice(2).map((p, k) =>
        distance(
          p.map((x, i) => x + points[k][i]),
          points[k + 1].map((x) => 2 * x),
        ),
      );
      expect(Math.max(...points.map((p) => distance(p, points[0])))).toBeGreaterThan(6);
      expect(Math.max(...steps)).toBeLessThan(7); // of 128 pixels
      expect(Math.max(...jerks)).toBeLessThan(2);
    }
    const lamps = clips.map((scenes) => new Set(scenes.map((s) => JSON.stringify([s.near, s.lamps]))).size);
    expect(lamps).toEqual([1, clips[1].length, 1]);
    expect(clips.map(([s]) => [s.near?.length ?? 0, s.lamps.length > 0])).toEqual([
      [1, false],
      [1, false],
      [0, true],
    ]);
  });

  it('a stage: all cameras see one head; its groups together are the full light', async () => {
    const options = { cameras: 3, groups: 3, groupSize: 2, size };
    const plan = lightStage({ frames: 6, ...options });
    const items = await Promise.all(Array.from({ length: plan.count }, (_, k) => plan.item(model, k)));
    expect(items.slice(0, 12).map(({ labels }) => labels['group'])).toEqual([-1, -1, -1, 0, 0, 0, -1, -1, -1, 1, 1, 1]);
    // a group's light at a pose, summed over the groups, is all lamps' light: the same scene under each
    const { scene } = items[1];
    const full = await synthesizeLocal(model, scene);
    const sum = new Float32Array(full.local.length);
    const perGroup = scene.near![0].balls.length / 3;
    for (let g = 0; g < 3; g++) {
      const near = [{ ...scene.near![0], balls: scene.near![0].balls.slice(g * perGroup, (g + 1) * perGroup) }];
      (await synthesizeLocal(model, { ...scene, near })).local.forEach((x, k) => (sum[k] += x));
    }
    const largest = Math.max(...full.local);
    sum.forEach((x, k) => expect(Math.abs(x - full.local[k])).toBeLessThan(1e-5 * largest));
    // two cameras' views of a landmark meet in one point of the stage
    const [a, b] = [0, 2].map((k) => {
      const { scene: view } = items[k];
      const [u, v] = landmarkPixels(model, view).subarray(60, 62);
      const ray = [(u - size / 2) / view.focal, -(v - size / 2) / view.focal, -1];
      const { rotation: r, position } = plan.cameras[k];
      const way = [0, 1, 2].map((c) => r[c] * ray[0] + r[3 + c] * ray[1] + r[6 + c] * ray[2]);
      return { position, way };
    });
    const cross = (p: readonly number[], q: readonly number[]): number[] =>
      [0, 1, 2].map((k) => p[(k + 1) % 3] * q[(k + 2) % 3] - p[(k + 2) % 3] * q[(k + 1) % 3]);
    const n = cross(a.way, b.way);
    const gap = [0, 1, 2].reduce((s, c) => s + n[c] * (b.position[c] - a.position[c]), 0) / Math.hypot(...n);
    expect(Math.abs(gap)).toBeLessThan(0.01); // mm
  });
});

it('a near ball lights the same by both illuminations where nothing hides it', async () => {
  const plan = faceClips({ clips: 1, size: 48 });
  const { scene } = await plan.item(model, 0);
  const [radius, distance] = [40, 500];
  const position = [scene.translation[0] + 150, scene.translation[1] + 100, scene.translation[2] + distance] as const;
  const near = [{ radiance: [100, 100, 100] as const, balls: [{ position, radius }] }];
  const face = await synthesize(model, { ...scene, ambient: [0, 0, 0], near }, { spp: 16, depth: 2 });
  const most = Math.max(...face.local);
  const ratios: number[] = [];
  face.local.forEach((x, k) => {
    const pixel = Math.floor(k / 3);
    if (face.faceMask[pixel] === 1 && face.coverage[pixel] === 1 && x > 0.4 * most) ratios.push(face.traced[k] / x);
  });
  ratios.sort((a, b) => a - b);
  expect(ratios.length).toBeGreaterThan(200);
  // highlights add some percent to the diffuse light
  expect(ratios[ratios.length >> 1]).toBeGreaterThan(0.97);
  expect(ratios[ratios.length >> 1]).toBeLessThan(1.25);
});

describe('a photograph', () => {
  it('responses and lenses have exact inverses', () => {
    const draws = new Draws(5);
    for (let k = 0; k < 300; k++) {
      const gamma = draws.between(1.5, 3);
      const response = draws.pick<CameraResponse>([
        { kind: 'srgb' },
        { kind: 'gamma', gamma },
        { kind: 'filmic', gamma, contrast: draws.between(0.8, 2), shoulder: draws.between(0.2, 5) },
      ]);
      const x = draws.between();
      expect(respondInverse(response, respond(response, x))).toBeCloseTo(x, 10);
      expect(respond(response, 1)).toBeCloseTo(1, 12);
      const distortion = [draws.between(-2, 2), draws.between(-2, 2), 0.01, -0.01, 0] as const;
      const [u, v] = [draws.between(-0.12, 0.12), draws.between(-0.12, 0.12)];
      const there = undistortedPoint(distortion, ...distortedPoint(distortion, u, v));
      expect(Math.hypot(there[0] - u, there[1] - v)).toBeLessThan(1e-9);
    }
  });

  it('has the mean and the variance of its light that Poisson and Gauss say', async () => {
    const plan = faceSet({ count: 1, size: 128 });
    const { scene } = await plan.item(model, 0);
    const [light, electrons, read] = [0.4, 60, 3];
    const sensor = { response: { kind: 'gamma', gamma: 1 }, exposure: 1, noise: { electrons, read, seed: 2 } } as const;
    const pixels = 128 * 128;
    const { bytes } = photograph(
      { ...scene, sensor },
      new Float32Array(3 * pixels).fill(light),
      new Float32Array(pixels).fill(1),
      new Float32Array(3 * pixels),
    );
    const values = Array.from(bytes, (v) => v / 255);
    const mean = values.reduce((s, v) => s + v, 0) / values.length;
    const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length;
    const expected = (light * electrons + read ** 2) / electrons ** 2 + 1 / 12 / 255 ** 2;
    const n = values.length;
    expect(Math.abs(mean - light)).toBeLessThan(4 * Math.sqrt(expected / n));
    // the fourth moment is nearly a normal's: a standard error of sqrt(2 / n)
    expect(Math.abs(variance / expected - 1)).toBeLessThan(4.5 * Math.sqrt(2 / n));
    expect(Math.abs(variance / (expected - read ** 2 / electrons ** 2) - 1)).toBeGreaterThan(10 * Math.sqrt(2 / n));
  });

  it('keeps the picture where the head is, the background where nothing is; bytes lead back to the light', async () => {
    const looks = { backgrounds: ['image'], pictures: ['room'], lens: true } as const;
    const { scene } = await faceSet({ count: 1, size, looks }).item(model, 0);
    const picture = { height: 50, width: 70, data: new Float32Array(50 * 70 * 3).fill(0.3) };
    const face = await synthesizeLocal(model, scene);
    const background = backgroundImage(scene, { room: picture });
    const { bytes, light } = photograph(scene, face.local, face.coverage, background);
    face.coverage.forEach((c, k) => {
      if (c === 0) expect(light[3 * k]).toBeCloseTo(background[3 * k], 6);
      if (c === 1) expect(light[3 * k]).toBe(face.local[3 * k]);
    });
    const found = lightOfPhotograph(scene, bytes);
    light.forEach((x, k) => {
      if (bytes[k] < 255) expect(Math.abs(found[k] - x)).toBeLessThan(0.02 * Math.max(x, 0.1));
    });
    expect(() => backgroundImage(scene)).toThrow(/'room'.*none/);
  });
});

it('styles paint the albedo by their formula, and change no shape', async () => {
  const grid = faceGrid({ identities: 3, styles: 2, size });
  const scenes = await Promise.all([0, 1, 2].map(async (k) => (await grid.item(model, 120 * k)).scene));
  expect(scenes[2].style).toEqual(scenes[0].style);
  expect(scenes[1].style).not.toEqual(scenes[0].style);
  const style = { ...scenes[0].style!, paint: { ...scenes[0].style!.paint, strength: 0 } };
  const { style: _, ...bare } = scenes[0];
  const [painted, plain] = [await synthesizeLocal(model, { ...bare, style }), await synthesizeLocal(model, bare)];
  expect(painted.depth).toEqual(plain.depth);
  const errors: number[] = [];
  for (let k = 0; k < painted.albedo.length; k += 3) {
    if (painted.mask[k / 3] === 0) continue;
    const colour = [0, 1, 2].map((c) => plain.albedo[k + c] ** style.gamma);
    const expected = [0, 1, 2].map((r) => colour.reduce((sum, x, c) => sum + style.matrix[3 * r + c] * x, 0));
    expected.forEach((x, c) => errors.push(Math.abs(painted.albedo[k + c] - Math.min(0.98, Math.max(0.002, x)))));
  }
  // between vertices the mean of powers is not the power of the mean
  errors.sort((a, b) => a - b);
  expect(errors[errors.length >> 1]).toBeLessThan(1e-4);
  expect(Math.max(...painted.albedo.map((x, k) => Math.abs(x - plain.albedo[k])))).toBeGreaterThan(0.02);
});

it('frames of a clip hold the nose where its landmark is, at its depth', async () => {
  const plan = faceClips({ clips: 1, size: 96 });
  for (const index of [0, 8, 16, 24]) {
    const { scene } = await plan.item(model, index);
    const { depth, parts, landmarks } = await synthesizeLocal(model, scene);
    const at = Math.floor(landmarks[61]) * 96 + Math.floor(landmarks[60]);
    const matrix = rotationOfAxisAngle(scene.rotation);
    const nose = turned(matrix, headLandmarks(model, scene).subarray(90, 93));
    expect(parts[at]).toBe(1);
    expect(Math.abs(depth[at] + nose[2] + scene.translation[2])).toBeLessThan(2); // mm; pixels are 3 mm wide
  }
});

describe('occluders and hair', () => {
  it('are in the masks, hide the face behind them, and leave all else as it is', async () => {
    const looks = { glasses: 1, hair: 1, lens: true } as const;
    const { scene } = await faceSet({ count: 1, size: 48, seed: 4, looks }).item(model, 0);
    const bare = await synthesizeLocal(model, { ...scene, occluders: undefined, hair: undefined } as FaceScene);
    const face = await synthesizeLocal(model, scene);
    const counts = [0, 1, 2, 3].map((part) => face.parts.filter((p) => p === part).length);
    expect(Math.min(...counts)).toBeGreaterThan(15);
    face.parts.forEach((part, k) => {
      // what is before a point of the head is nearer; where nothing is, nothing was
      if (bare.parts[k] === 1 && part !== 1) expect(face.depth[k]).toBeLessThan(bare.depth[k]);
      if (part === 1) expect([face.depth[k], face.albedo[3 * k]]).toEqual([bare.depth[k], bare.albedo[3 * k]]);
      if (part === 0) expect(bare.parts[k]).toBe(0);
      if (part > 1) expect([face.uv[2 * k], face.faceMask[k], face.mask[k]]).toEqual([0, 0, 0]);
    });
    expect(face.landmarks).toEqual(bare.landmarks);
    // the host's lens and the renderer's are one: a landmark of the surface lies where its depth is seen
    const nose = [0, 1].map((c) => Math.floor(bare.landmarks[60 + c]));
    expect(bare.mask[nose[1] * 48 + nose[0]]).toBe(1);
  });
});

describe('streams', () => {
  const plan = (): SynthesisPlan => faceSet({ count: 5, size });

  it('give a plan in order, on the host and as batches on the GPU, with the same numbers', async () => {
    const faces = [];
    for await (const { index, face } of synthesisStream(model, plan(), { spp: 1, from: 1 })) {
      expect(index).toBe(faces.length + 1);
      faces.push(face);
    }
    expect(faces).toHaveLength(4);
    const direct = await synthesize(model, (await plan().item(model, 2)).scene, { spp: 1 });
    expect(faces[1]).toEqual(direct);
    for await (const { index, face } of synthesisLocalStream(model, plan(), { to: 2 }))
      if (index === 1) expect(face.local).toEqual(faces[0].local);
    let batches = 0;
    for await (const batch of synthesisBatches(model, plan(), { spp: 1, batch: 2 })) {
      const first = batch.indices[0];
      batches++;
      const at = 1 - (first % 2); // an item that the stream gave too
      const face = faces[first + at - 1];
      const traced = await batch.traced.data();
      expect(Float32Array.from(traced.subarray(at * size * size * 3, (at + 1) * size * size * 3))).toEqual(face.traced);
      const depth = await batch.depth.data();
      expect(Float32Array.from(depth.subarray(at * size * size, (at + 1) * size * size))).toEqual(face.depth);
    }
    expect(batches).toBe(2);
    await expect(synthesisStream(model, plan(), { to: 6 }).next()).rejects.toThrow(/behind/);
  });

  it('samples hold what was rendered: from their scene the same face, from their PNG the photograph', async () => {
    const looks = { ...everything, lens: false }; // a kernel of its own
    const { scene, labels } = await faceSet({ count: 1, size, looks }).item(model, 0);
    const face = await synthesize(model, scene, { spp: 1 });
    const photo = photograph(scene, face.traced, face.coverage, backgroundImage(scene));
    const sample = await sampleArrays(face, { photograph: photo, labels });
    const text = (name: string): unknown => JSON.parse(new TextDecoder().decode(sample[name].data as Uint8Array));
    expect(await synthesize(model, text('scene') as FaceScene, { spp: 1 })).toEqual(face);
    expect(text('labels')).toEqual({ identity: 0 });
    const png = Uint8Array.from(sample['photograph'].data as Uint8Array);
    expect((await decodePixels(png)).data).toEqual(photo.bytes);
    const inverse = sample['inverseResponse'].data as Float32Array;
    expect(respond(scene.sensor!.response, inverse[100])).toBeCloseTo(100 / 255, 6);
  });
});
