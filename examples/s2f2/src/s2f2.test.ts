import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChiaroError, tensor } from '@chiaro/autograd';
import { photoOf, resultsIn, takeApart, type Prediction } from '@chiaro/example-rich-reflectance';
import { parseFaceEdit } from '@chiaro/faces';
import { loadImage } from '@chiaro/render';
import { host } from '@chiaro/tensor/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets } from './config.js';
import { runRow } from './evaluate/entries.js';
import { tableText } from './evaluate/tables.js';
import { prepare, type Experiment } from './experiment.js';
import { agingPairs, saveAgingFigure } from './uses/agingFigure.js';
import { rebuildFrames } from './uses/frames.js';
import { trainedPredictor } from './uses/predictor.js';
import { aged, edited } from './uses/variations.js';

const out = mkdtempSync(join(tmpdir(), 'chiaro-s2f2-'));
/** The last stage alone, whose step has the terms of the other two as well: kernels take most of the time here. */
const preset = { ...presets.smoke, epochs: { base: 0, decoders: 0, joint: 2 } };
let experiment: Experiment;
beforeAll(async () => {
  experiment = await prepare(preset, out);
}, 240_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

describe('S2F2', () => {
  it('the swap test’s photographs come in pairs that differ in the furrows alone', () => {
    const [geometry, paint] = experiment.test;
    const face = Array.from(geometry.faceMask.keys()).filter((k) => geometry.faceMask[k] > 0.9);
    const difference = (name: 'albedo' | 'normals'): number =>
      face.reduce((sum, k) => sum + Math.abs(geometry[name][3 * k + 1] - paint[name][3 * k + 1]), 0) / face.length;
    expect(geometry.positions).toEqual(paint.positions);
    expect(difference('normals')).toBeGreaterThan(0.02);
    expect(difference('albedo')).toBeGreaterThan(0.01);
  });

  it('learns in three stages without labels, is judged, and does nothing twice', async () => {
    const entry = await runRow(experiment, { row: 'fine', seed: 1, stream: false });
    expect(Object.keys(entry.shares!)).toEqual(['landmarks', 'light', 'coarse', 'medium', 'fine']);
    const first = entry.shares!['fine'];
    expect(Object.values(first).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(Math.min(first['rays'], first['vertices'])).toBeGreaterThan(0.02);
    // where the U-nets begin, their increments are none: the fine albedo is the medium one, the normals are the mesh's
    expect(first['diffuseConsistency']).toBe(0);
    expect(first['normalSmoothness']).toBe(0);
    const { normalGeometry, diffusePaint, band, vertices, ...others } = entry.scores;
    expect(normalGeometry!.mean).toBeGreaterThan(0);
    expect(diffusePaint!.mean).toBeGreaterThan(0);
    expect(band!.mean).toBeGreaterThan(0.1);
    expect(vertices!.mean).toBeLessThan(40);
    expect(Object.values(others).every(({ mean: value }) => Number.isFinite(value))).toBe(true);

    expect(await resultsIn(out).read()).toContainEqual(entry);
    const begun = performance.now();
    expect(await runRow(experiment, { row: 'fine', seed: 1, stream: false })).toEqual(entry);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(tableText([entry]).match(/^\| fine/gm)).toHaveLength(2);
  }, 480_000);

  it('takes a photograph apart, with another’s normals, light and other attributes; and a folder of frames', async () => {
    const predictor = await trainedPredictor(preset, out, 'fine', 1);
    const drawing = { size: 32, spp: 2, smallSize: 16, smallSpp: 1, lights: 1, frames: 2 };
    const [first, second] = await Promise.all(
      experiment.test.map(({ photo, landmarks }, n) => predictor.predict(photoOf(photo, `photograph ${n}`), landmarks)),
    );
    expect(first.face.normalMap!.shape).toEqual([32, 32, 3]);
    // so little training hardly bends a normal
    const bent = first.face.normalMap!.mul(0).add(tensor([0.85, 0.5, 0.85]));
    const other = { name: 'other', face: { ...second.face, normalMap: bent } };
    const opened = parseFaceEdit('expression.mouth-open=1');
    const others = [...aged(first, other), await edited(predictor, first, [opened])];
    const folder = join(out, 'photo');
    await takeApart(predictor, first, folder, { light: other, others }, drawing);
    const lamps = ['key-left', 'key-right'];
    const made = ['light-of-other', 'age-of-other', 'edited', ...lamps.map((lamp) => `age-of-other-${lamp}`)];
    const maps = ['overlay', 'final', 'shading', 'normals', 'diffuse', 'specular', 'environment', 'texture-normals'];
    const files = new Set(readdirSync(folder));
    for (const each of [...maps, ...made, 'turntable-001']) expect(files).toContain(`${each}.png`);
    const read = async (each: string): Promise<Float32Array> =>
      Float32Array.from(await (await loadImage(join(folder, `${each}.png`))).data());
    const [overlay, old, smiling] = await Promise.all(['overlay', 'age-of-other', 'edited'].map(read));
    for (const picture of [old, smiling]) expect(picture.some((v, i) => Math.abs(v - overlay[i]) > 0.02)).toBe(true);
    const [left, leftBefore] = await Promise.all(['age-of-other-key-left', 'as-it-is-key-left'].map(read));
    expect(left.some((v, i) => Math.abs(v - leftBefore[i]) > 0.05)).toBe(true);
    const glb = Buffer.from(await host.readFile(join(folder, 'face.glb')));
    const { materials } = JSON.parse(glb.toString('utf8', 20, 20 + glb.readUInt32LE(12))) as { materials: object[] };
    expect(materials[0]).toHaveProperty('normalTexture');

    const pairs = await agingPairs(predictor, experiment.test, 1);
    await saveAgingFigure(join(folder, 'aging.png'), predictor, pairs, { size: 32, spp: 2 });
    expect((await loadImage(join(folder, 'aging.png'))).shape).toEqual([1, 32, 8 * 34 - 2, 3]);

    const { normalMap: _, ...without } = second.face;
    expect(() => aged(first, { name: 'medium', face: without })).toThrow('--row fine');
    await expect(edited(predictor, first, [parseFaceEdit('hair=1')])).rejects.toThrow('hair is no attribute');
    await expect(trainedPredictor(preset, out, 'medium', 1)).rejects.toThrow('train the row first');

    const [frames, rebuiltIn] = [join(out, 'clip'), join(out, 'frames')];
    mkdirSync(frames);
    for (const k of [1, 2, 10]) writeFileSync(join(frames, `${k}.png`), '');
    const asked: string[] = [];
    const see = (path: string): Promise<Prediction> => {
      asked.push(path);
      return path.endsWith('2.png') ? Promise.reject(new ChiaroError('no face')) : Promise.resolve(first);
    };
    const notes: string[] = [];
    const rebuild = (run: string) =>
      rebuildFrames(experiment.model, see, frames, rebuiltIn, run, { note: (text) => notes.push(text) }, drawing);
    const done = await rebuild('a');
    expect(done).toEqual({ found: ['1', '10'], missing: [{ name: '2', why: 'no face' }], known: 0 });
    expect(notes).toEqual(['2: no face']);
    for (const kind of ['overlay', 'final', 'normals', 'diffuse'])
      expect(readdirSync(join(rebuiltIn, kind)).sort()).toEqual(['1.png', '10.png']);
    // one that was not finished is made again, the others are not
    rmSync(join(rebuiltIn, '10.json'));
    const { mtimeMs } = statSync(join(rebuiltIn, '1.json'));
    expect(await rebuild('a')).toMatchObject({ found: ['1', '10'], known: 2 });
    expect(asked).toHaveLength(4);
    expect(statSync(join(rebuiltIn, '1.json')).mtimeMs).toBe(mtimeMs);
    await expect(rebuildFrames(experiment.model, see, out, rebuiltIn, 'a', { note: () => undefined })).rejects.toThrow(
      'no photograph',
    );
  }, 240_000);
});
