import { expect, it } from 'vitest';
import { loadFaceModel } from '../../model/index.js';
import type { Photo } from '../../photo/photo.js';
import { faceClips, landmarkPixels } from '../../synthesis/index.js';
import { quickConfig } from '../config.js';
import { FrameReader } from './frameReader.js';
import type { FrameSource } from './frameReader.js';
import { chooseKeys } from './keyFrames.js';

it('takes frames of different turns, and leaves out one whose landmarks are those of no face', async () => {
  const model = await loadFaceModel();
  const plan = faceClips({ clips: 1, size: 64, frames: [30, 30] });
  const image = { width: 64, height: 64, channels: 3, data: new Float32Array(3 * 64 * 64) } as const;
  const photo: Photo = {
    ...{ name: 'grey', width: 64, height: 64, originalWidth: 64, originalHeight: 64, notes: [] },
    ...{ image, srgb: new Uint8Array(3 * 64 * 64) },
  };
  const seen = await Promise.all([0, 8, 16].map(async (k) => landmarkPixels(model, (await plan.item(model, k)).scene)));
  // every point is found, but elsewhere in the face
  const misread = seen[0].map((_, k) => seen[0][2 * ((7 * (k >> 1) + 3) % 68) + (k % 2)]);
  const sources = [seen[0], misread, seen[1], seen[2]].map((landmarks, k): FrameSource => ({
    name: `${k}.png`,
    read: () => Promise.resolve(photo),
    landmarks,
  }));

  const notes: string[] = [];
  const options = { model, config: { ...quickConfig, identityModes: 20 }, budgetSeconds: 60, seed: 1 };
  const reader = new FrameReader(sources, { onNote: (note) => notes.push(note) }, []);
  const keys = await chooseKeys(reader, 3, options);
  expect(keys.map(({ index }) => index).sort()).toEqual([0, 2, 3]);
  expect([...reader.leftOut.keys()]).toEqual([1]);
  expect(notes).toEqual([expect.stringMatching(/^1\.png: left out: its landmarks are not those of a face: they err by \d+ %/)]); // prettier-ignore
});
