import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProbe, type ProbeResult } from '../../bench/lib/probe.mjs';

// The figures that are promised stand in the bench suites `overhead` and `memory`, which run the same probes. Test
// machines are busy: bounds of time are several times as wide here.

interface Times {
  readonly ms_median: number;
  readonly ms_min: number;
  readonly kernels: number;
}

interface Memory {
  readonly resident_max: number;
  readonly resident_growth: number;
  readonly live_growth: number;
  readonly buffer_growth: number;
}

const ms = (value: number): string => `${value.toFixed(2)} ms`;

test('a compiled step of 50 kernels replays in about a millisecond of JavaScript', async () => {
  const { figures } = await runProbe<Times>('replay', { args: [200] });
  console.log(`replay of ${figures.kernels} kernels: median ${ms(figures.ms_median)}, best ${ms(figures.ms_min)}`);
  expect(figures.kernels).toBeGreaterThanOrEqual(50);
  expect(figures.kernels).toBeLessThan(60); // else something does not fuse any more
  expect(figures.ms_min).toBeLessThan(3);
});

test('planning a graph of 50 operations takes milliseconds', async () => {
  const { figures } = await runProbe<Times>('eager', { args: [60] });
  console.log(`eager graph of 50 operations: median ${ms(figures.ms_median)}, best ${ms(figures.ms_min)}`);
  expect(figures.ms_min).toBeLessThan(20);
});

describe('a process from its start', () => {
  let shaders = '';
  const results: ProbeResult<{ ms: number; kernels: number }>[] = [];
  beforeAll(async () => {
    shaders = await mkdtemp(join(tmpdir(), 'chiaro-shaders-'));
    for (let i = 0; i < 4; i++) {
      results.push(await runProbe('firstResult', { env: { MESA_SHADER_CACHE_DIR: shaders, GALLIVM_PERF: '' } }));
    }
  });
  afterAll(() => rm(shaders, { recursive: true, force: true }));

  test('has its first result soon, with kernels in the cache and without', () => {
    const [cold, ...warm] = results.map((r) => r.firstLineMs);
    console.log(`first result: ${ms(cold!)} without compiled kernels, ${ms(Math.min(...warm))} with them`);
    expect(results[0]!.figures.kernels).toBe(2);
    expect(cold).toBeLessThan(5000);
    expect(Math.min(...warm)).toBeLessThan(3000);
  });

  test('ends by itself within a second of its last await', () => {
    const best = Math.min(...results.map((r) => r.exitMs));
    console.log(`end of the process: ${ms(best)} after its last line`);
    expect(best).toBeLessThan(1000);
  });
});

describe('memory stays flat', () => {
  const show = ({ figures }: ProbeResult<Memory>): string =>
    `at most ${figures.resident_max} MiB resident; growth in the second half: ${figures.resident_growth} MiB resident, ` +
    `${figures.live_growth} MiB and ${figures.buffer_growth} buffers live`;

  test.each([['plain'], ['compiled']])('600 uploads of 4 MiB, %s', async (mode) => {
    const result = await runProbe<Memory>('uploads', { args: [600, mode] });
    console.log(show(result));
    expect(result.figures.resident_max).toBeLessThan(300);
  });

  test('thousands of iterations of plain user code', { timeout: 300_000 }, async () => {
    const result = await runProbe<Memory>('loop', { args: [4000] });
    console.log(show(result));
    expect(result.figures.resident_growth).toBeLessThan(40);
    expect(result.figures.live_growth).toBeLessThan(4);
    expect(result.figures.buffer_growth).toBeLessThan(100);
  });
});
