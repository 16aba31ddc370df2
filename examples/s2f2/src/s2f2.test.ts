import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resultsIn } from '@chiaro/example-rich-reflectance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets } from './config.js';
import { runRow } from './evaluate/entries.js';
import { tableText } from './evaluate/tables.js';
import { prepare, type Experiment } from './experiment.js';

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
    expect(Object.keys(entry.shares!)).toEqual(['coarse', 'medium', 'fine']);
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
});
