import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linearOfSRGB, loadImage } from '@chiaro/render';
import { readJsonl } from '@chiaro/nn/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets } from './config.js';
import { prepare, type Experiment } from './experiment.js';
import { resultsIn } from './entries.js';
import { lampPixel } from './lampPixels.js';
import { naiveEntries, runRow, table } from './table.js';
import { savePhotoFigure, saveTestFigure, seenInWorld } from './uses/figure.js';
import { takeApart } from './uses/photos.js';
import { trainedPredictor, type Predictor } from './uses/predictor.js';
import { photoOf } from './uses/refine.js';
import { stageFolder } from './training/trainRow.js';
import { worldFaces, worldModel } from './world.js';

const out = mkdtempSync(join(tmpdir(), 'chiaro-rich-reflectance-'));
let experiment: Experiment;
beforeAll(async () => {
  experiment = await prepare(presets.smoke, out);
}, 240_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

describe('rich reflectance', () => {
  it('the world’s photographs have shadows, light and highlights of the brightest lamp where its map says', async () => {
    const { size, world } = experiment.preset;
    const others = { count: 4, seed: 1_000_000, size, spp: world.spp };
    const faces = await worldFaces(join(out, 'others'), await worldModel(experiment.model), others);
    for (const { photo, albedo, lamp, faceMask } of [...faces, ...experiment.test]) {
      /** Light on the surface, by what the photograph shows of its albedo. */
      const mean = (value: number): number => {
        const pixels = Array.from(lamp.keys()).filter((k) => lamp[k] === value && faceMask[k] > 0.5);
        const light = (k: number): number => linearOfSRGB(photo[3 * k + 1] / 255) / albedo[3 * k + 1];
        expect(pixels.length).toBeGreaterThan(2);
        return pixels.reduce((sum, k) => sum + light(k), 0) / pixels.length;
      };
      const { hidden, lit, highlight } = lampPixel;
      expect(mean(hidden)).toBeLessThan(0.75 * mean(lit));
      expect(mean(highlight)).toBeGreaterThan(1.15 * mean(lit));
    }
  });

  it('trains encoder and decoders by rays without labels, judges them, and does nothing twice', async () => {
    const [mean, light, start] = await naiveEntries(experiment, { stream: false });
    const entry = await runRow(experiment, { row: 'rays', seed: 1, stream: false });
    const { rays, landmarks, vertices } = entry.shares!['base'];
    expect(Object.values(entry.shares!['base']).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(Math.min(rays, landmarks)).toBeGreaterThan(0.05);
    expect(vertices).toBe(0);
    expect(light.scores.psnr!.mean).toBeGreaterThan(mean.scores.psnr!.mean + 0.5);
    expect(light.scores.vertices).toEqual(mean.scores.vertices);
    for (const { scores } of [mean, entry]) {
      expect(scores.vertices!.mean).toBeGreaterThan(0.1);
      expect(scores.vertices!.mean).toBeLessThan(30);
      expect(Object.values(scores).every(({ mean: value }) => Number.isFinite(value))).toBe(true);
    }
    const log = await readJsonl(join(stageFolder(out, 'rays', 1), 'log.jsonl'));
    const losses = log.flatMap((record) => (record.kind === 'step' ? [record.values['loss']] : []));
    const tail = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    expect(tail(losses.slice(-3))).toBeLessThan(tail(losses.slice(0, 3)));

    expect(await resultsIn(out).read()).toEqual([mean, light, start, entry]);

    // all stages: the base reconstruction is the one that there is
    const whole = await runRow(experiment, { row: 'dual', seed: 1, stream: false });
    expect(whole.shares!['base']).toEqual(entry.shares!['base']);
    const { decoders, joint } = whole.shares!;
    for (const terms of [decoders, joint]) expect(Object.values(terms).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(decoders['diffuseConsistency']).toBe(0);
    expect(joint['enhanced-diffuseConsistency']).toBeGreaterThan(0);
    expect(joint['enhanced-rays']).toBeGreaterThan(0.05);
    expect(whole.scores.albedo!.mean).not.toBe(entry.scores.albedo!.mean);
    const begun = performance.now();
    expect(await runRow(experiment, { row: 'dual', seed: 1, stream: false })).toEqual(whole);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(table([mean, entry, whole]).split('\n')).toHaveLength(11);
  }, 480_000);

  it('takes a photograph apart, and shows it without shadows, in another light, with another skin', async () => {
    const predictor = await trainedPredictor(presets.smoke, out, 'dual', 1);
    const [first, second] = await Promise.all(
      experiment.test.map(({ photo, landmarks }, k) => predictor.predict(photoOf(photo, `photograph ${k}`), landmarks)),
    );
    const { crop } = first;
    const [x, y] = [0, 1].map((c) => Array.from(first.landmarks).filter((_, i) => i % 2 === c));
    const box = [Math.max(...x) - Math.min(...x), Math.max(...y) - Math.min(...y)];
    expect(Math.max(...box) / crop.width).toBeCloseTo(0.492, 5);
    expect(((Math.max(...y) + Math.min(...y)) / 2 - crop.top) / crop.height).toBeCloseTo(0.541, 5);

    const folder = join(out, 'photo');
    // so little training tells lights hardly apart
    const { attributes } = second.face;
    const dimmed = { ...attributes, light: attributes.light.mul(0.4) };
    const other = { name: 'other', face: { ...second.face, attributes: dimmed } };
    const drawing = { size: 32, spp: 2, smallSize: 16, smallSpp: 1, lights: 1, frames: 2 };
    await takeApart(predictor, first, folder, { removeShadows: true, light: other, albedo: other }, drawing);
    const pictures = ['photo', 'overlay', 'final', 'shading', 'normals', 'diffuse', 'specular', 'environment'];
    const uses = [
      'without-shadows',
      'light-of-other',
      'albedo-of-other',
      'relit-even',
      'turntable-000',
      'turntable-001',
    ];
    const files = new Set(readdirSync(folder));
    for (const name of [...pictures, ...uses]) expect(files).toContain(`${name}.png`);
    for (const name of ['face.glb', 'fit.json', 'report.html']) expect(files).toContain(name);
    const read = async (name: string): Promise<Float32Array> =>
      Float32Array.from(await (await loadImage(join(folder, `${name}.png`))).data());
    const [photo, free, lit, overlay] = await Promise.all(
      ['photo', 'without-shadows', 'light-of-other', 'overlay'].map(read),
    );
    expect(free.every((v, i) => v >= photo[i] - 0.02)).toBe(true);
    expect(lit.some((v, i) => Math.abs(v - overlay[i]) > 0.02)).toBe(true);
  }, 240_000);

  it('draws what networks see, beside the truth', async () => {
    const predictor = await trainedPredictor(presets.smoke, out, 'dual', 1);
    const drawing = { size: 32, spp: 2 };
    const read = async (name: string): Promise<Float32Array[]> => {
      const image = await loadImage(join(out, name));
      const [, height, width] = image.shape;
      const columns = (width + 2) / 34;
      const cells = Array.from({ length: ((height + 2) / 34) * columns }, (_, k) =>
        image.narrow(1, Math.floor(k / columns) * 34, 32).narrow(2, (k % columns) * 34, 32),
      );
      return Promise.all(cells.map(async (cell) => Float32Array.from(await cell.data())));
    };
    await saveTestFigure(join(out, 'test.png'), predictor, experiment.test, drawing);
    const seen = await Promise.all(experiment.test.map((face) => seenInWorld(predictor, face)));
    await savePhotoFigure(join(out, 'photos.png'), predictor, seen, drawing);
    const [test, photos] = [await read('test.png'), await read('photos.png')];
    expect([test.length, photos.length]).toEqual([20, 16]);
    for (const cell of [...test, ...photos]) expect(Math.max(...cell)).toBeGreaterThan(0.05);
    expect(photos[0]).toEqual(test[0]); // the photograph, and its normals
    expect(photos[3]).toEqual(test[4]);
    expect(photos[6]).not.toEqual(photos[7]); // lamps from two sides
    await expect(savePhotoFigure(join(out, 'none.png'), predictor, [])).rejects.toThrow('no face to draw');
  }, 240_000);

  it('goes on learning from photographs of the user’s, once, and leaves the row as it was', async () => {
    const photographs = experiment.test.map(({ photo, landmarks }) => ({
      ...{ photo: photoOf(photo, 'mine'), landmarks: landmarks.map((p) => p + 1) },
    }));
    const own = { photographs, steps: 8, stream: false } as const;
    const lightOf = async ({ predict }: Predictor): Promise<number[]> => {
      const { face } = await predict(photographs[0].photo, photographs[0].landmarks);
      return [...(await face.attributes.light.data())];
    };
    const before = await lightOf(await trainedPredictor(presets.smoke, out, 'dual', 1));
    const adapted = await lightOf(await trainedPredictor(presets.smoke, out, 'dual', 1, own));
    expect(adapted).not.toEqual(before);
    expect(await lightOf(await trainedPredictor(presets.smoke, out, 'dual', 1))).toEqual(before);

    const folders = readdirSync(out).filter((name) => name.startsWith('adapted-'));
    expect(folders).toHaveLength(1);
    const log = async () => readJsonl(join(out, folders[0], 'log.jsonl'));
    const steps = (await log()).flatMap((record) => (record.kind === 'step' ? [record.values] : []));
    expect(steps).toHaveLength(8);
    expect(steps.at(-1)!['loss']).toBeLessThan(steps[0]['loss']);

    expect(await lightOf(await trainedPredictor(presets.smoke, out, 'dual', 1, own))).toEqual(adapted);
    expect((await log()).filter(({ kind }) => kind === 'step')).toHaveLength(8);
    await expect(trainedPredictor(presets.smoke, out, 'dual', 1, { ...own, photographs: [] })).rejects.toThrow(
      'none of the photographs shows a face',
    );
  }, 240_000);
});
