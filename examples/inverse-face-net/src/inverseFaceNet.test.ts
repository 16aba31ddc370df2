import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Generator, tensor } from '@chiaro/autograd';
import { cropAroundLandmarks, cropRules, landmarkMask, landmarksInCrop, maskRules } from '@chiaro/faces';
import { readJsonl } from '@chiaro/nn/node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets, type Preset } from './config.js';
import { refitLight } from './evaluate.js';
import { cropsOf, initialShares, prepare, type Experiment } from './experiment.js';
import { runRow } from './table.js';
import { meanSquares, parameterLoss, sigmaDiagonal } from './losses.js';
import { eulerAngles, projectedLandmarks, rotationRows } from './model/landmarks.js';
import { part } from './model/parameters.js';
import { drawParameters, perturbParameters } from './model/sampling.js';
import { trainRow } from './training.js';
import type { WorldFace } from './world/worldPhotos.js';

const out = mkdtempSync(join(tmpdir(), 'chiaro-inverse-face-net-'));
let experiment: Experiment;
beforeAll(async () => {
  experiment = await prepare(presets.smoke, out);
}, 240_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

const rmsOf = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0) / values.length);

describe('parameters', () => {
  it('are drawn as section 5 says', async () => {
    const { model } = experiment.renderer;
    const theta = await drawParameters(model, 400, new Generator(5));
    const rows = Array.from({ length: 400 }, (_, i) =>
      theta.subarray(i * model.layout.size, (i + 1) * model.layout.size),
    );
    const degrees = (k: number): number[] =>
      rows.map((row) => (Math.abs(part(row, model.layout, 'rotation')[k]) * 180) / Math.PI);
    expect(Math.max(...degrees(0), ...degrees(1))).toBeLessThanOrEqual(40);
    expect(Math.max(...degrees(1))).toBeGreaterThan(38);
    expect(Math.max(...degrees(2))).toBeLessThanOrEqual(15);
    expect(rmsOf(rows.flatMap((row) => [...part(row, model.layout, 'shape')]))).toBeCloseTo(1, 1);
    for (const row of rows.slice(0, 20)) {
      const light = part(row, model.layout, 'illumination');
      // H_1 = A_0 Y_00: a surface is lit by 0.53 to 1.06 of its reflectance
      const shading = light[0] * Math.PI * Math.sqrt(1 / (4 * Math.PI));
      expect(shading).toBeGreaterThan(0.53);
      expect(shading).toBeLessThan(1.07);
      expect([...light].every((x, i) => x === light[i - (i % 3)])).toBe(true);
    }
  });

  it('are perturbed as section 7 says, and stay in range', async () => {
    const { model } = experiment.renderer;
    const theta = await drawParameters(model, 100, new Generator(6));
    const moved = await perturbParameters(model, theta, new Generator(7));
    expect(moved.length).toBe(2 * theta.length);
    const noise = (group: 'shape' | 'reflectance' | 'illumination'): number =>
      rmsOf(
        Array.from({ length: 200 }, (_, i) => {
          const m = model.layout.size;
          const [a, b] = [
            moved.subarray(i * m, (i + 1) * m),
            theta.subarray(Math.floor(i / 2) * m, (Math.floor(i / 2) + 1) * m),
          ];
          return Array.from(part(a, model.layout, group), (x, k) => x - part(b, model.layout, group)[k]);
        }).flat(),
      );
    expect(noise('shape')).toBeCloseTo(0.05, 2);
    expect(noise('reflectance')).toBeCloseTo(0.2, 1);
    expect(noise('illumination')).toBeCloseTo(0.02, 3);
  });
});

describe('rotations', () => {
  it('turn about x, then y, then z, and come back as angles', () => {
    const angle = fc.double({ min: -1.2, max: 1.2, noNaN: true });
    fc.assert(
      fc.property(angle, angle, angle, (a, b, c) => {
        eulerAngles(rotationRows([a, b, c])).forEach((x, k) => expect(x).toBeCloseTo([a, b, c][k], 6));
      }),
    );
    const [quarter, x] = [Math.PI / 2, rotationRows([Math.PI / 2, 0, 0])];
    // y goes to z
    expect([x[1], x[4], x[7]].map((v) => Math.round(v))).toEqual([0, 0, 1]);
    expect(quarter).toBeGreaterThan(1);
  });
});

describe('crops', () => {
  it('do not depend on where a face is and how large', () => {
    const { renderer } = experiment;
    const landmarks = projectedLandmarks(
      renderer.model,
      experiment.corpus.theta.subarray(0, renderer.model.layout.size),
    );
    const size = renderer.size;
    const placed = (list: Float32Array): Float32Array =>
      landmarksInCrop(list, cropAroundLandmarks(list, cropRules.inverseFaceNet), size);
    const first = placed(landmarks);
    expect(Math.max(...first) - Math.min(...first)).toBeCloseTo(size, 3);
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 2000, noNaN: true }),
        fc.integer({ min: -300, max: 300 }),
        (scale, shift) => {
          const moved = placed(landmarks.map((p) => scale * p + shift));
          moved.forEach((p, i) => expect(Math.abs(p - first[i])).toBeLessThan(0.05));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('of renders and of photographs show nearly the same part of the face', async () => {
    const { renderer, corpus } = experiment;
    const m = renderer.model.layout.size;
    const { masks, landmarks } = await renderer.render(corpus.theta.subarray(0, 16 * m));
    const pixels = renderer.size ** 2;
    const overlaps = Array.from({ length: 16 }, (_, i) => {
      const outlined = landmarkMask(
        landmarks.subarray(136 * i, 136 * (i + 1)),
        renderer.size,
        maskRules.inverseFaceNet,
      );
      const painted = masks.subarray(i * pixels, (i + 1) * pixels);
      let [both, either] = [0, 0];
      outlined.forEach((x, p) => {
        both += x & painted[p];
        either += x | painted[p];
      });
      return both / either;
    });
    expect(overlaps.reduce((a, b) => a + b, 0) / 16).toBeGreaterThan(0.85);
  });
});

describe('losses', () => {
  it('are eq. 6 to 8', async () => {
    const { model } = experiment.renderer;
    const m = model.layout.size;
    const theta = experiment.corpus.theta.subarray(0, 2 * m);
    const squares = meanSquares(model.layout, experiment.corpus.theta);
    const sigma = sigmaDiagonal(model, 'vertex', squares);
    // the shape's term is the mean squared motion of a vertex in mm, times 50 squared
    const shape = part(theta.subarray(0, m), model.layout, 'shape');
    const size = 3 * model.base.vertexCount;
    const motion = Array.from({ length: size }, (_, i) =>
      shape.reduce((sum, w, k) => sum + w * model.shape.vectors[k * size + i], 0),
    );
    const zero = new Float32Array(2 * m);
    part(zero.subarray(0, m), model.layout, 'shape').set(shape);
    const loss = parameterLoss(tensor(zero, [2, m]), tensor(new Float32Array(2 * m), [2, m]), sigma);
    const expected = (50 ** 2 * motion.reduce((sum, x) => sum + x * x, 0)) / model.base.vertexCount / 2;
    expect((await loss.item()) / expected).toBeCloseTo(1, 3);
    const shares = initialShares(experiment)['model-space'];
    expect(shares.shape).toBeCloseTo(shares.reflectance, 5);
    expect(Object.values(shares).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  });
});

describe('refitted light', () => {
  it('is the light that a face was rendered in', async () => {
    const { renderer, corpus, test } = experiment;
    const theta = corpus.theta.slice(0, renderer.model.layout.size);
    const { images, masks } = await renderer.render(theta);
    const photo: WorldFace = { ...test[0], image: images, mask: masks };
    const found = await refitLight(renderer, theta, [photo]);
    const again = await renderer.render(found);
    expect(rmsOf(Array.from(again.images, (v, i) => v - images[i]))).toBeLessThan(3);
    const dark = theta.slice();
    part(dark, renderer.model.layout, 'illumination').fill(0);
    expect(rmsOf(Array.from((await renderer.render(dark)).images, (v, i) => v - images[i]))).toBeGreaterThan(40);
  });
});

describe('training', () => {
  const short: Preset = { ...presets.smoke, initialIterations: 8, roundIterations: 3 };

  it('runs through all of Algorithm 1; the loss falls and the row is judged', async () => {
    const { entry } = await runRow(experiment, { name: 'smoke', row: 'breeding', seed: 1, stream: false });
    const log = await readJsonl(join(out, 'seed-1', 'model-space', 'first', 'log.jsonl'));
    const losses = log.flatMap((record) => (record.kind === 'step' ? [record.values.loss] : []));
    const mean = (list: readonly number[]): number => list.reduce((x, y) => x + y, 0) / list.length;
    expect(mean(losses.slice(-15))).toBeLessThan(0.9 * mean(losses.slice(0, 15)));
    expect(entry.photometric.mean).toBeGreaterThan(0);
    expect(entry.overlap.mean).toBeGreaterThan(30);
    expect(entry.iterations).toBe(168);
  });

  it('goes on bit for bit where it was interrupted', async () => {
    const { renderer, corpus, pool } = experiment;
    const shared = { renderer, corpus, pool: cropsOf(pool) };
    const job = { preset: short, row: 'breeding', seed: 2 } as const;
    const whole = await trainRow(shared, { ...job, out: join(out, 'whole'), stream: false });
    const control = new AbortController();
    const stream = new Writable({
      write: (_, __, done) => {
        control.abort(new Error('enough'));
        done();
      },
    });
    const parts = join(out, 'parts');
    await expect(trainRow(shared, { ...job, out: parts, stream, signal: control.signal })).rejects.toThrow('enough');
    const resumed = await trainRow(shared, { ...job, out: parts, stream: false });
    const photo = shared.pool.subarray(0, shared.pool.length / pool.length);
    expect(await resumed.predict(photo)).toEqual(await whole.predict(photo));
  });
});
