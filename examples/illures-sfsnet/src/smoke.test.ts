import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { presets } from './config.js';
import { table } from './evaluate/table.js';
import { prepare } from './experiment.js';
import { figuresOf } from './figuresOf.js';
import { trainedNetwork } from './networks/trained.js';
import { naiveEntries, runRow } from './runRow.js';
import { firstShares } from './training/phase.js';

const out = mkdtempSync(join(tmpdir(), 'chiaro-illures-smoke-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

it('everything once: faces, all phases, the table, figures', { timeout: 400_000 }, async () => {
  const preset = presets.smoke;
  const experiment = await prepare(preset, out);
  const naive = await naiveEntries(experiment, 'smoke');
  const { entry, trained } = await runRow(experiment, { name: 'smoke', row: 'illures-align', seed: 1, stream: false });
  expect(table([...naive, entry])).toContain('| IlluRes-SfSNet-Align | 1 |');
  expect(trained.phases.length).toBe(6);
  // eq. 7, eq. 4, and what AlignNets learn from true maps
  expect(Object.keys(await firstShares(trained.phases[5])).length).toBe(3 + 6 + 2);
  expect(entry.scores.normals.mean).toBeGreaterThan(0);
  expect(entry.scores.normals.mean).toBeLessThan(180);
  const which = { preset, folder: out, row: 'illures-align', seed: 1 } as const;
  expect(await (await trainedNetwork(which)).stateDict()).toEqual(await trained.network.stateDict());
  await expect(trainedNetwork({ ...which, seed: 2 })).rejects.toThrow(/train that row first/);
  const files = await figuresOf(experiment, 1, [], join(out, 'figures'));
  expect(files.map((file) => file.slice(out.length)).sort()).toEqual(
    [1, 14, 4, 8].map((n) => `/figures/figure-${n}${n === 4 ? '' : '-renders'}.png`).sort(),
  );
  expect(files.every((file) => existsSync(file))).toBe(true);
});
