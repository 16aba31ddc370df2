import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJsonl } from '@chiaro/nn/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets } from './config.js';
import { prepare, type Experiment } from './experiment.js';
import { meanRow, readEntry, runRow, table } from './table.js';
import { rowFolder } from './training.js';

const out = mkdtempSync(join(tmpdir(), 'chiaro-rich-reflectance-'));
let experiment: Experiment;
beforeAll(async () => {
  experiment = await prepare(presets.smoke, out);
}, 240_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

describe('rich reflectance', () => {
  it('trains an encoder by rays without labels, judges it, and does nothing twice', async () => {
    const mean = await meanRow(experiment);
    const entry = await runRow(experiment, { row: 'rays', seed: 1, stream: false });
    const { rays, landmarks, vertices } = entry.shares!;
    expect(Object.values(entry.shares!).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(Math.min(rays, landmarks)).toBeGreaterThan(0.05);
    expect(vertices).toBe(0);
    for (const { scores } of [mean, entry]) {
      expect(scores.vertices!.mean).toBeGreaterThan(0.1);
      expect(scores.vertices!.mean).toBeLessThan(30);
      expect(Object.values(scores).every(({ mean: value }) => Number.isFinite(value))).toBe(true);
    }
    const log = await readJsonl(join(rowFolder(out, 'rays', 1), 'log.jsonl'));
    const losses = log.flatMap((record) => (record.kind === 'step' ? [record.values['loss']] : []));
    const tail = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    expect(tail(losses.slice(-3))).toBeLessThan(tail(losses.slice(0, 3)));

    expect(await readEntry(out, 'rays', 1)).toEqual(entry);
    const begun = performance.now();
    expect(await runRow(experiment, { row: 'rays', seed: 1, stream: false })).toEqual(entry);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(table([mean, entry]).split('\n')).toHaveLength(4);
  }, 480_000);
});
