import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Generator, tensor } from '@chiaro/autograd';
import { loadPhoto, resample } from '@chiaro/faces';
import { saveImage } from '@chiaro/render';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets } from '../config.js';
import { residualOf } from '../data/faceMaps.js';
import { localImage } from '../data/formation.js';
import { readVideo } from '../data/videoFolder.js';
import { ball, ballLight, ballSize } from '../evaluate/ball.testing.js';
import type { TakenApart } from '../evaluate/decompose.js';
import { SfsNet } from '../networks/sfsNet.js';
import { coverOf, painted, withEditedAlbedo } from './edit.js';
import { editPhotos, relightPhotos } from './photos.js';
import { relightingScores, relit } from './relight.js';

const face = ball();
const truth: TakenApart = { ...face, residual: residualOf(face) };
const otherLight = Float32Array.from(
  { length: 27 },
  (_, k) => [3.2, -0.2, 0.4, -0.4, 0, 0.05, 0, 0, 0.05][Math.floor(k / 3)],
);

describe('relighting', () => {
  it('by the light that was there gives the picture again where R is kept or scaled', () => {
    for (const use of ['keep', 'scale'] as const)
      relit(truth, ballLight, use).forEach((x, i) => expect(x).toBeCloseTo(face.image[i], 5));
    expect(relit(truth, ballLight, 'drop')).toEqual(localImage(face.albedo, face.normals, ballLight));
  });

  it('scales a shadow that stays where it is, and is measured against the truth', () => {
    const lit = { ...ball(otherLight), labels: { lightOf: 1 } };
    const giver = { ...lit, residual: residualOf(lit) };
    const scores = relightingScores([truth, giver], [face, lit], [lit, lit]);
    // in this world shadows do not move, so scaling is right for both
    expect(scores.scale.mean).toBeLessThan(1e-5);
    expect(scores.drop.mean).toBeGreaterThan(0.02);
    expect(scores.keep.mean).toBeGreaterThan(0.005);
    expect(scores.unchanged.largest).toBeGreaterThan(0.02);
    expect(scores.local.mean).toBeCloseTo(scores.drop.mean, 6);
  });
});

describe('albedo editing', () => {
  const paint = { region: 'lips', colour: [0.1, 0.05, 0.02], strength: 1 } as const;

  it('keeps shading and shadows under the paint, where painting the photograph does not', () => {
    const cover = new Float32Array(ballSize ** 2).fill(1);
    const { image, albedo } = withEditedAlbedo(truth, cover, paint);
    const flat = painted(face.image, truth, cover, paint);
    for (let p = 0; p < cover.length; p++) {
      if (face.mask[p] === 0) continue;
      const i = 3 * p;
      expect(albedo[i]).toBeCloseTo(0.1, 6);
      // light per albedo is what it was: half of it in the shadow
      expect(image[i] / 0.1).toBeCloseTo(face.image[i] / face.albedo[i], 4);
      expect(flat[i]).toBeCloseTo(flat[3 * (12 * ballSize + 12)], 6);
    }
  });

  it('covers regions by landmarks: inside of the lips all, far away nothing', () => {
    const landmarks = new Float32Array(136);
    for (let k = 0; k < 12; k++) {
      const turn = (2 * Math.PI * k) / 12;
      landmarks.set([12 + 8 * Math.cos(turn), 12 + 8 * Math.sin(turn)], 2 * (48 + k));
    }
    const cover = coverOf(paint, landmarks, ballSize);
    expect(cover[12 * ballSize + 12]).toBeCloseTo(1, 6);
    expect(cover[0]).toBe(0);
    expect(Math.max(...coverOf({ ...paint, strength: 0.4 }, landmarks, ballSize))).toBeCloseTo(0.4, 6);
  });
});

describe('photographs', () => {
  const out = mkdtempSync(join(tmpdir(), 'chiaro-illures-uses-'));
  const frames = join(out, 'frames');
  const place = (name: string): string => join(frames, name);
  beforeAll(async () => {
    mkdirSync(frames);
    const asset = new URL('../../../../packages/faces/assets/photos/nasa_astronaut_collins.jpg', import.meta.url);
    const { image } = await loadPhoto(fileURLToPath(asset), { longestSide: 400 });
    const save = async (name: string, x: number, size: number): Promise<void> => {
      const crop = { left: x, top: 0, width: image.width, height: image.width };
      const { data } = resample(image, crop, size, size, { filter: 'box' });
      await saveImage(place(name), tensor(data, [size, size, 3]));
    };
    await save('1.png', 0, 160);
    await save('2.png', 12, 144);
    await saveImage(place('10.png'), tensor(new Float32Array(96 * 96 * 3).fill(0.2), [96, 96, 3]));
  });
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it('of a folder become a clip; what is odd about them is said', async () => {
    const { clips, notes } = await readVideo(frames, 32);
    expect(clips.map((clip) => clip.length)).toEqual([2]);
    expect(notes.join('\n')).toMatch(/left out: 10\.png: no face was found/);
    expect(notes.join('\n')).toMatch(/different sizes \(160 x 160, 144 x 144\): each is cut out/);
    expect(notes.join('\n')).toMatch(/two frames only, so one pair/);
    const [first, second] = clips[0];
    expect(first.image).toHaveLength(32 * 32 * 3);
    // both frames show the face in the same place
    for (let k = 0; k < 136; k++) expect(Math.abs(first.landmarks[k] - second.landmarks[k])).toBeLessThan(1.5);
    await expect(readVideo(join(out, 'none'), 32)).rejects.toThrow(/cannot read/);
    mkdirSync(join(out, 'empty'));
    await expect(readVideo(join(out, 'empty'), 32)).rejects.toThrow(/no frames.*ffmpeg/s);
  });

  it('are relit and edited by commands; one without a face is told of', async () => {
    const network = new SfsNet(presets.smoke, new Generator(1));
    const use = { network, size: presets.smoke.size, out: join(out, 'uses') };
    const lit = await relightPhotos([place('1.png')], place('2.png'), use);
    const edited = await editPhotos(
      [place('1.png')],
      { region: 'beard', colour: [0.03, 0.02, 0.01], strength: 0.9 },
      use,
    );
    const files = ['1-edited.png', '1-editing.png', '1-relighting.png', '1-relit.png'];
    expect(readdirSync(use.out).sort()).toEqual(files);
    expect([...lit.files, ...edited.files].sort()).toEqual(files.map((name) => join(use.out, name)));
    await expect(relightPhotos([place('1.png')], place('10.png'), use)).rejects.toThrow(
      /no light can be taken.*10\.png: no face/s,
    );
  });
});
