import { beforeAll, describe, expect, it } from 'vitest';
import { ChiaroError, linearToBytes } from '../../engine.js';
import { loadFaceModel, MorphableModel } from '../../model/index.js';
import type { FaceModelData } from '../../model/index.js';
import type { Photo } from '../../photo/photo.js';
import { faceClips, synthesizeLocal } from '../../synthesis/index.js';
import type { FaceScene } from '../../synthesis/index.js';
import { quickConfig } from '../config.js';
import type { FitConfig } from '../config.js';
import type { FitCheckpoint } from '../types.js';
import { fitFrames } from './fitFrames.js';
import type { FrameSource } from './frameReader.js';
import type { FittedFrame } from './frameState.js';

const config: FitConfig = {
  ...quickConfig,
  identityModes: 12,
  size: 32,
  light: { ...quickConfig.light, directions: 12, bands: 3 },
  vertex: { ...quickConfig.vertex, size: 32, rounds: 1, steps: 4 },
  trace: { ...quickConfig.trace, levels: [] },
  texture: { ...quickConfig.texture, size: 32, steps: 1, shadingSpp: 1 },
  render: { spp: 1, smallSize: 16, smallSpp: 1, lights: 0, frames: 0 },
};
let model: MorphableModel;
let frames: FrameSource[];
const scenes: FaceScene[] = [];

/** The bundled head with few modes and one albedo: quicker, and what a published model without colours may be. */
const fewModes = (data: FaceModelData): MorphableModel => {
  const { albedo, identity, positions } = data;
  const none = new Float32Array(0);
  return new MorphableModel({
    ...data,
    identity: identity.subarray(0, config.identityModes * positions.length),
    albedo: { ...albedo, modes: none, specularModes: none, tones: [] },
  });
};

const photoOf = (name: string, size: number, data: Float32Array): Photo => ({
  ...{ name, width: size, height: size, originalWidth: size, originalHeight: size, notes: [] },
  image: { width: size, height: size, channels: 3, data },
  srgb: linearToBytes(data),
});

beforeAll(async () => {
  model = fewModes((await loadFaceModel()).data);
  const plan = faceClips({ clips: 1, size: 64, frames: [30, 30], turn: 0.3 });
  frames = [];
  for (let k = 0; k < 3; k++) {
    const { scene } = await plan.item(model, k);
    const { local, landmarks } = await synthesizeLocal(model, scene);
    const name = `${k}.png`;
    const photo = photoOf(name, 64, local.map((x) => Math.min(1, Math.max(0, x)))); // prettier-ignore
    frames.push({ name, read: () => Promise.resolve(photo), landmarks });
    scenes.push(scene);
  }
  const wide = photoOf('wide.png', 48, new Float32Array(3 * 48 * 48));
  frames.splice(2, 0, { name: 'wide.png', read: () => Promise.resolve(wide) });
  frames.push({ name: 'broken.png', read: () => Promise.reject(new ChiaroError('broken.png: the file is damaged')) });
});

describe('fitFrames', { timeout: 300_000 }, () => {
  it('follows a head, leaves out what is no frame, and goes on bit for bit where it was ended', async () => {
    let resume: FitCheckpoint | undefined;
    const told: FittedFrame[] = [];
    const notes: string[] = [];
    const given = { model, config, budgetSeconds: 1e6, seed: 1, keyFrames: 1, steps: [4, 2], relightEvery: 2 } as const;
    const clip = await fitFrames(frames, {
      ...given,
      onCheckpoint: async (state) => void (resume = await Promise.resolve(state)),
      onFrame: (frame) => void told.push(frame),
      onNote: (note) => notes.push(note),
    });
    expect(clip.leftOut.map(({ index, reason }) => [index, reason])).toEqual([
      [2, 'it has 48 x 48 pixels, the first frame 64 x 64; frames of a clip have one size'],
      [4, 'the file is damaged'],
    ]);
    expect(notes).toContain('broken.png: left out: the file is damaged');
    expect(clip.frames.map(({ index, pass }) => [index, pass])).toEqual([0, 1, 3].map((k) => [k, 'both']));
    expect(told.map(({ pass }) => pass)).toEqual([...Array(3).fill('forwards'), ...Array(3).fill('both')]);
    clip.frames.forEach(({ rotation }, k) =>
      rotation.forEach((x, axis) => expect(Math.abs(x - scenes[k].rotation[axis])).toBeLessThan(0.12)),
    );

    // ended after the first frame of the second way
    const known = [...told.slice(3, 4), ...told.slice(1, 3)];
    const again = await fitFrames(frames, { ...given, known, resume });
    expect(again.frames).toEqual(clip.frames);
  });

  it('says what is wrong before anything is done', async () => {
    const given = { model, config, budgetSeconds: 60, seed: 1 };
    await expect(fitFrames([], given)).rejects.toThrow(/there is no frame/);
    await expect(fitFrames(frames, { ...given, keyFrames: 0 })).rejects.toThrow(/keyFrames must be a whole number/);
    await expect(fitFrames(frames, { ...given, smoothness: { light: -1 } })).rejects.toThrow(/smoothness\.light/);
    await expect(fitFrames(frames.slice(4), given)).rejects.toThrow(/no frame shows a face/);
    const known = [{ index: 0, name: 'x', expression: [], light: [] } as unknown as FittedFrame];
    await expect(fitFrames(frames, { ...given, known })).rejects.toThrow(/known frame x has 0 weights/);
  });
});
