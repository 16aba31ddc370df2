import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { tensor } from '@chiaro/autograd';
import { readJsonl } from '@chiaro/nn/node';
import { afterAll, describe, expect, it } from 'vitest';
import { presets, type Preset } from '../config.js';
import type { Source } from '../data/sources.js';
import { supervisedBatches, videoBatches } from './batches.js';
import { firstShares } from './phase.js';
import { noiseSources } from './sources.testing.js';
import { makeNetwork, trainRow } from './trainRow.js';

const out = mkdtempSync(join(tmpdir(), 'chiaro-illures-sfsnet-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const preset: Preset = {
  ...presets.smoke,
  ...{ localPerEpoch: 3, videoPairsPerEpoch: 2, epochs: { align: 1, sfs: 1, whole: 1, weak: 2, joint: 1 } },
};
const sources = noiseSources(preset.size);

/** A source that gives its entries' numbers in place of images. */
const numbered = <T>(length: number): Source<T> => ({
  length,
  batch: (entries) => ({ image: tensor(Float32Array.from(entries)) }) as T,
});

describe('batches', () => {
  it('of the supervised phase hold random local images and all others', async () => {
    const faces = { ...numbered<{ image: { data(): Promise<ArrayLike<number>> } }>(30), local: 24 };
    const data = supervisedBatches(faces as never, { ...preset, localPerEpoch: 10, batchSize: 4 }, 1);
    const epoch = async (number: number, from = 0): Promise<number[]> => {
      const entries: number[] = [];
      for await (const { batch } of data.batches(number, from)) entries.push(...(await batch.image.data()));
      return entries;
    };
    const first = await epoch(0);
    expect(first.filter((entry) => entry >= 24).sort()).toEqual([24, 25, 26, 27, 28, 29]);
    expect(new Set(first).size).toBe(16);
    const second = await epoch(1);
    expect(second).not.toEqual(first);
    // 24 images, ten an epoch: the first two epochs share none
    expect(second.filter((entry) => entry < 24 && first.includes(entry))).toEqual([]);
    expect(await epoch(1, 2)).toEqual(second.slice(8));
  });

  it('of the later phases are as large without videos', async () => {
    const small = { ...preset, pairs: { video: 2, synthetic: 1 }, videoPairsPerEpoch: 4 };
    for (const withVideo of [true, false]) {
      for await (const { batch } of videoBatches(sources, small, withVideo, 1).batches(0, 0)) {
        expect(batch.video?.i.image.shape[0]).toBe(withVideo ? 2 : undefined);
        expect(batch.synthetic.j.image.shape[0]).toBe(withVideo ? 1 : 3);
      }
    }
  });
});

describe('training', () => {
  it('goes on bit for bit where it was interrupted, and a seed repeats', async () => {
    const job = { preset, row: 'sfs-reconstruction', seed: 2 } as const;
    const whole = await trainRow(sources, { ...job, out: join(out, 'whole'), stream: false });
    const control = new AbortController();
    const stream = new Writable({
      write: (text: Buffer, _, done) => {
        if (String(text).includes('video/')) control.abort(new Error('enough'));
        done();
      },
    });
    const parts = { ...job, out: join(out, 'parts') };
    await expect(trainRow(sources, { ...parts, stream, signal: control.signal })).rejects.toThrow('enough');
    const resumed = await trainRow(sources, { ...parts, stream: false });
    const weights = await resumed.network.stateDict();
    expect(weights).toEqual(await whole.network.stateDict());
    expect(weights).not.toEqual(await makeNetwork(preset, job.row, job.seed).network.stateDict());
    expect(resumed.steps).toBe(whole.steps);
    // the shares of the terms, and what is watched beside them
    const weak = whole.phases.at(-2)!;
    const shares = Object.values(await firstShares(weak));
    expect(shares.length).toBe(5);
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    const [{ values }] = await readJsonl(join(weak, 'log.jsonl'));
    expect(values['video/albedoSpread']).toBeGreaterThan(0);
  });
});
