import { constants, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import {
  compile,
  defineProgram,
  DeviceLostError,
  Generator,
  idle,
  loadState,
  memory,
  Parameter,
  profile,
  rand,
  realize,
  saveState,
  tensor,
  tidy,
  track,
  tracked,
  wgsl,
  type Tensor,
} from '../index.js';
import { acquireDevice } from './devices.js';

const majorGC = constants.NODE_PERFORMANCE_GC_MAJOR;

describe('device', () => {
  test('a lost device rejects awaits and is recovered from saved state', async () => {
    const w = new Parameter([1, 2, 3]);
    const gen = new Generator(5);
    const step = compile(() => {
      w.assign(w.add(rand([3], { generator: gen })));
    });
    step();
    const state = await saveState({ w, gen });
    step();
    const expected = await w.data();
    const other = tensor([1, 2]).add(1);
    await realize(other);
    (await acquireDevice()).gpu.destroy();
    await (await acquireDevice()).gpu.lost.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(other.data()).rejects.toThrow(DeviceLostError);
    await expect(w.add(1).data()).rejects.toThrow(DeviceLostError);
    loadState({ w, gen }, state);
    step();
    expect(await w.data()).toEqual(expected);
  });

  test('an error of the device rejects the next await with the kernel in its message', async () => {
    const broken = defineProgram({
      name: 'broken',
      inputs: { x: 'f32[N]' },
      outputs: ({ x }) => ({ y: { dtype: 'f32', shape: x.shape } }),
      dispatches: ({ N }) => [{ items: N, code: wgsl`fn item(i: u32) { y[i] = x[i] + true; }` }],
      reference: ({ x }) => ({ y: x.data }),
    });
    await expect(broken({ x: tensor([1, 2]) }).y.data()).rejects.toThrow(/kernel "broken" does not compile/);
    expect(await tensor([1]).add(1).item()).toBe(2); // the error was reported once
  });

  test('tidy and using free at once', async () => {
    await realize(tensor([1]));
    const before = memory().liveBuffers;
    const kept = tidy(() => rand([1000]).add(rand([1000])));
    await realize(kept);
    expect(memory().liveBuffers).toBe(before + 1);
    {
      using copy = kept.mul(2);
      await realize(copy);
      expect(memory().liveBuffers).toBe(before + 2);
    }
    expect(memory().liveBuffers).toBe(before + 1);
    kept.dispose();
    expect(memory().liveBuffers).toBe(before);
    await expect(kept.data()).rejects.toThrow(/disposed/);
  });

  test('tensors that are given back do not make the garbage collector run', async () => {
    const x = tensor(new Float32Array(2 ** 21).fill(1));
    await realize(x);
    const collections = async (dispose: boolean): Promise<number> => {
      let major = 0;
      const count = (entries: PerformanceEntry[]): void => {
        major += entries.filter((e) => (e as unknown as { detail: { kind: number } }).detail.kind === majorGC).length;
      };
      const observer = new PerformanceObserver((list) => count(list.getEntries()));
      observer.observe({ entryTypes: ['gc'] });
      for (let i = 0; i < 40; i++) {
        const y = x.add(i);
        await realize(y);
        await idle();
        if (dispose) y.dispose();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      count(observer.takeRecords());
      observer.disconnect();
      return major;
    };
    await collections(true);
    expect(await collections(true)).toBeLessThan(4);
    expect(await collections(false)).toBeGreaterThan(4); // what is dropped instead is noticed
  });

  test('track reads without waiting', async () => {
    const f = compile((x: Tensor, k: number) => x.mul(k).sum());
    const x = tensor([1, 2, 3]);
    for (let i = 0; i < 20; i++) track('sums', f(x, i));
    expect(await tracked('sums').all()).toEqual(Array.from({ length: 20 }, (_, i) => 6 * i));
  });

  test('profile times kernels', async () => {
    const report = await profile(() => rand([512, 512]).sum(1).data());
    expect(report.kernels.length).toBe(1);
    expect(report.kernels[0]!.ms).toBeGreaterThan(0);
    expect(String(report)).toMatch(/GB\/s/);
  });
});
