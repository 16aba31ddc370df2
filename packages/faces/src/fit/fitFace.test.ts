import { environmentFromSH, noGrad, pathTrace, pinhole, tensor } from '../engine.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadFaceModel } from '../model/index.js';
import type { MorphableModel } from '../model/index.js';
import type { Photo } from '../photo/photo.js';
import { faceBsdf, modelTextures, posedFace } from '../scene/posedFace.js';
import { studioLights } from '../scene/studioLights.js';
import { quickConfig } from './config.js';
import type { FitConfig } from './config.js';
import { fitFace } from './fitFace.js';
import { fitFaces } from './fitFaces.js';
import type { FaceInPhoto } from './fitFaces.js';
import type { FitFaceOptions } from './fitFace.js';
import type { FitCheckpoint, FitResult } from './types.js';

/** Few steps on few pixels. */
const config: FitConfig = {
  ...quickConfig,
  identityModes: 12,
  size: 64,
  light: { ...quickConfig.light, directions: 48 },
  vertex: { ...quickConfig.vertex, size: 32, rounds: 1, steps: 8 },
  trace: { ...quickConfig.trace, levels: [{ size: 24, spp: 2, steps: 8, share: 1 }] },
  texture: { ...quickConfig.texture, size: 64, steps: 20, shadingSpp: 8 },
  render: { spp: 8, smallSize: 16, smallSpp: 1, lights: 0, frames: 0 },
};
const size = 96;
let model: MorphableModel;
let photo: Photo;
let landmarks: ArrayLike<number>;
/** Fits by their names, each made once. */
const fits = new Map<string, Promise<FitResult>>();

/** A face of the model, turned by an angle, under one of the studio's lights. */
async function faceAt(yaw: number, light: number): Promise<FaceInPhoto> {
  const camera = pinhole({ width: size, height: size, near: 50, far: 5000, intrinsics: tensor([260, 260, 48, 48]) });
  const vector = (n: number, values: number[]) => tensor(Float32Array.from({ length: n }, (_, k) => values[k] ?? 0));
  const mesh = noGrad(() =>
    posedFace(model, {
      rotation: tensor([0.05, yaw, 0]),
      translation: tensor([0, 10, -1000]),
      identity: vector(model.identityCount, [1, -1, 0.5]),
      blendshapes: vector(model.blendshapeCount, []),
    }),
  );
  const bsdf = faceBsdf(model, modelTextures(model, vector(model.albedoCount, [0.5]), tensor([0.5, 0])));
  const emitters = [environmentFromSH(tensor(studioLights()[light].sh, [81, 3]), { height: 32 })];
  const image = noGrad(() =>
    pathTrace({ shapes: [{ mesh, bsdf }], emitters }, camera, { spp: 64, seed: 3 }).image.clamp(0),
  );
  const data = Float32Array.from(await image.data());
  const sides = { width: size, height: size, originalWidth: size, originalHeight: size };
  const photo: Photo = {
    name: `made ${light}`,
    image: { ...sides, channels: 3, data },
    srgb: new Uint8Array(data.length),
    ...sides,
    notes: [],
  };
  const points = model.landmarks(mesh.positions, { yaw });
  return { photo, landmarks: Float32Array.from(await camera.toPixels(points).slice(null, [0, 2]).flatten().data()) };
}

/** Lit from the left. */
beforeAll(async () => {
  model = await loadFaceModel();
  ({ photo, landmarks } = await faceAt(0.2, 1));
});

function fit(name: string, more: Partial<FitFaceOptions> = {}): Promise<FitResult> {
  let result = fits.get(name);
  if (!result) {
    result = fitFace(photo, { model, landmarks, config, budgetSeconds: 1e6, seed: 1, ...more });
    fits.set(name, result);
  }
  return result;
}

const curve = (result: FitResult, name: string): number[] =>
  Array.from(result.stages.flatMap((s) => s.curves).find((c) => `${c.phase} ${c.name}` === name)!.values);

describe('fitFace', { timeout: 300_000 }, () => {
  it('hands the edges that rays shall see to the path tracer', async () => {
    const trace = { ...config.trace, boundary: 'some' as never };
    const given = { ...config, vertex: { ...config.vertex, rounds: 0 }, trace };
    await expect(fit('edges', { config: given })).rejects.toThrow(/boundary 'some' is not supported/);
  });

  it('brings a path traced face back: landmarks, outline, picture', async () => {
    const { metrics, stages, parameters } = await fit('plain');
    expect(stages.map((s) => s.stage)).toEqual(['pose', 'model', 'texture', 'render']);
    expect(metrics.landmarkRms).toBeLessThan(0.03);
    expect(metrics.maskIou).toBeGreaterThan(0.9);
    expect(metrics.ssim).toBeGreaterThan(0.9);
    // a face of the model itself: textures have little to add
    expect(metrics.ssim).toBeGreaterThan(metrics.ssimModelOnly - 0.01);
    expect(metrics.ssimModelOnly).toBeGreaterThan(0.85);
    // the light came from the left and above: coefficients of x (l 1, m 1) and y (l 1, m -1)
    const light = parameters.find((p) => p.name === 'light.sh')!.values;
    expect(light[9 + 1]).toBeLessThan(-0.1);
    expect(light[3 + 1]).toBeGreaterThan(0);
  });

  it('gives equal bits for equal seeds, also when it goes on from a checkpoint', async () => {
    const plain = await fit('plain');
    const controller = new AbortController();
    let saved: FitCheckpoint | undefined;
    const broken = fit('broken', {
      signal: controller.signal,
      onProgress: ({ detail, step }) => {
        if (detail?.startsWith('ray traced') && step >= 5) controller.abort();
      },
      onCheckpoint: async (state) => {
        saved = state;
      },
    });
    await expect(broken).rejects.toThrow(/abort/i);
    expect(saved).toMatchObject({ stage: 'model', step: 5 });
    const resumed = await fit('resumed', { resume: saved! });
    expect(resumed.images.final.data).toEqual(plain.images.final.data);
    expect(resumed.light.sh).toEqual(plain.light.sh);
    // and knows of what went before: all steps and values of the curves, and the seconds of both runs
    const told = ({ stages }: FitResult): unknown[] =>
      stages.map(({ stage, steps, curves }) => [stage, steps, curves.map(({ phase, name }) => [phase, name])]);
    expect(told(resumed)).toEqual(told(plain));
    for (const name of ['vertices 1 total', 'rays 1 total']) expect(curve(resumed, name)).toEqual(curve(plain, name));
    const before = (saved!.info['stages'] as FitResult['stages']).find(({ stage }) => stage === 'model')!;
    expect(resumed.stages[1].seconds).toBeGreaterThan(before.seconds);
  });

  it('lowers what it minimises (the curve of rays is noise at so few samples)', async () => {
    const result = await fit('plain');
    for (const name of ['vertices 1 total', 'texture total']) {
      const values = curve(result, name);
      expect(values.at(-1)!, name).toBeLessThan(values[0]);
    }
  });

  it('refuses profiles, landmarks that are no face, and checkpoints of another seed', async () => {
    const strict = { ...config, pose: { ...config.pose, largestYaw: 0.1 } };
    await expect(fit('profile', { config: strict })).rejects.toThrow(/made 1: the head is turned away by 1\d degrees/);
    await expect(fit('none', { landmarks: new Float32Array(136) })).rejects.toThrow(/eyes are 0.00 pixels apart/);
    const resume: FitCheckpoint = { formatVersion: 1, stage: 'model', step: 1, arrays: {}, info: { seed: 2 } };
    await expect(fit('seed', { resume })).rejects.toThrow(/checkpoint is of seed 2/);
  });

  it('fits two photographs of a person with one shape and albedo, and to each its pose and light', async () => {
    const few = { ...config, vertex: { ...config.vertex, steps: 4 }, texture: { ...config.texture, steps: 4 } };
    const options = {
      model,
      budgetSeconds: 1e6,
      seed: 1,
      config: { ...few, trace: { ...few.trace, levels: [{ size: 24, spp: 2, steps: 3, share: 1 }] } },
    };
    let saved: FitCheckpoint | undefined;
    const results = await fitFaces([{ photo, landmarks }, await faceAt(-0.35, 2)], {
      ...options,
      onCheckpoint: async (state) => void (saved = state),
    });
    const [a, b] = results.map(({ parameters }) => new Map(parameters.map(({ name, values }) => [name, values])));
    for (const name of ['identity', 'albedo', 'tint']) expect(b.get(name), name).toEqual(a.get(name));
    expect(results[1].textures.diffuse.data).toEqual(results[0].textures.diffuse.data);
    expect([a, b].map((p) => p.get('pose.rotation')![1])).toEqual([expect.closeTo(0.2, 1), expect.closeTo(-0.35, 1)]);
    // from the left and from the right
    expect(a.get('light.sh')![9 + 1]).toBeLessThan(-0.1);
    expect(b.get('light.sh')![9 + 1]).toBeGreaterThan(0.1);
    for (const { metrics } of results) {
      expect(metrics.landmarkRms).toBeLessThan(0.04);
      expect(metrics.ssim).toBeGreaterThan(0.8);
    }
    expect(Object.keys(saved!.arrays)).toEqual(expect.arrayContaining(['face.light', 'face 2.light', 'held 2.shadow']));
    await expect(fitFaces([], options)).rejects.toThrow(/there is no photograph/);
  });
});
