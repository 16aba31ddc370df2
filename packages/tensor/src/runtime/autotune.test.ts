import { readFileSync } from 'node:fs';
import { host } from '#host';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { CacheStore } from '../host/host.js';
import {
  autotune,
  ChiaroError,
  matmul,
  profile,
  realize,
  releaseDevice,
  tensor,
  type Tensor,
  type TuningCandidate,
} from '../index.js';
import { version } from '../version.js';

/** A cache in memory. */
function memoryCache(): CacheStore & { readonly entries: Map<string, Uint8Array> } {
  const entries = new Map<string, Uint8Array>();
  return {
    location: 'memory',
    entries,
    get: async (key) => {
      const bytes = entries.get(key);
      return bytes && new Uint8Array(bytes);
    },
    put: async (key, bytes) => void entries.set(key, bytes),
    remove: async (key) => void entries.delete(key),
  };
}

const side = 96;
const elements = Float32Array.from({ length: side * side }, (_, i) => Math.sin(i));
const square = (): Tensor => tensor(elements, [side, side]);
const product = (): Tensor => matmul(square(), square());
const planted = 'tiled 256 x 16 x 8, 1 parts';

/** A measurement in which one variant wins by a factor; counts the candidates. */
function plantedClock(factor: number) {
  const seen: TuningCandidate[] = [];
  return {
    seen,
    measure: async (_: unknown, candidate: TuningCandidate): Promise<number> => {
      seen.push(candidate);
      return candidate.variant === planted ? 100 * factor : 100;
    },
  };
}

/** Names of the kernels of a product, and how far it is from a float64 one. */
async function kernelsOf(): Promise<{ label: string; error: number }> {
  const { result, kernels } = await profile(() => product().data());
  let error = 0;
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      let sum = 0;
      for (let k = 0; k < side; k++) sum += elements[i * side + k]! * elements[k * side + j]!;
      error = Math.max(error, Math.abs(result[i * side + j]! - sum));
    }
  }
  return { label: kernels.map((k) => k.label).join(), error };
}

afterEach(() => {
  releaseDevice(); // and with it what was chosen
  vi.restoreAllMocks();
});

describe('autotune', () => {
  test('the measured winner is used, kept, and not measured again', async () => {
    expect((await kernelsOf()).label).not.toContain('tiled');
    const cache = memoryCache();
    const clock = plantedClock(0.5);
    const report = await autotune(product, { cache, measure: clock.measure });
    expect(report.measured).toEqual([expect.objectContaining({ variant: planted, ms: 50, usualMs: 100 })]);
    expect(new Set(clock.seen.map((c) => c.variant)).size).toBeGreaterThan(3);
    const tuned = await kernelsOf();
    expect(tuned.label).toContain('tiled');
    expect(tuned.error).toBeLessThan(1e-4);

    releaseDevice(); // as a later process: the choices come from the cache, when asked for
    expect((await kernelsOf()).label).not.toContain('tiled');
    const measure = vi.fn(clock.measure);
    expect(await autotune(product, { cache, measure })).toMatchObject({ measured: [], known: 1, location: 'memory' });
    expect(measure).not.toHaveBeenCalled();
    expect((await kernelsOf()).label).toContain('tiled');
    expect((await autotune(product, { cache, again: true, measure: plantedClock(2).measure })).measured).toHaveLength(
      1,
    );
    expect((await kernelsOf()).label).not.toContain('tiled');
  });

  test('a lead within the noise changes nothing', async () => {
    const { measured } = await autotune(product, { cache: memoryCache(), measure: plantedClock(0.97).measure });
    expect(measured[0]!.variant).toBe(measured[0]!.usual);
  });

  test('kept choices without a function; a broken entry is ignored with a warning', async () => {
    const cache = memoryCache();
    await autotune(product, { cache, measure: plantedClock(0.5).measure });
    releaseDevice();
    expect((await autotune(undefined, { cache })).known).toBe(1);
    expect((await kernelsOf()).label).toContain('tiled');

    const warn = vi.spyOn(host, 'warn').mockImplementation(() => undefined);
    const [key] = cache.entries.keys();
    expect(key).toContain(version);
    for (const text of ['{"formatVersion":1,', '{"formatVersion":9,"choices":{}}', 'null']) {
      releaseDevice();
      cache.entries.set(key!, new TextEncoder().encode(text));
      expect((await autotune(undefined, { cache })).known).toBe(0);
    }
    expect(warn).toHaveBeenCalledTimes(3);
    expect(warn.mock.calls[0]![0]).toMatch(/memory cannot be read/);
  });

  test('by the clock: every variant of product, row sums and map runs and is right', async () => {
    const [x, y] = [tensor(elements, [side, side]), tensor(new Float32Array(2 ** 16).fill(2), [2 ** 16])];
    await realize(x, y);
    const seen = new Set<string>();
    const check = async (run: () => Promise<void>, { subject, variant }: TuningCandidate): Promise<number> => {
      await run();
      const values = await Promise.all([matmul(x, x).sum(1).data(), y.square().data()]);
      for (let i = 0; i < side; i += 7) {
        let sum = 0;
        for (let j = 0; j < side; j++) {
          for (let k = 0; k < side; k++) sum += elements[i * side + k]! * elements[k * side + j]!;
        }
        expect(Math.abs(values[0]![i]! - sum)).toBeLessThan(1e-3);
      }
      expect(values[1]!.every((v) => v === 4)).toBe(true);
      seen.add(`${subject.split(' ')[0]} ${variant}`);
      return 1;
    };
    await autotune(() => [matmul(x, x).sum(1), y.square()], { cache: memoryCache(), measure: check });
    for (const name of ['map one by one', 'map four at once', 'fold alone', 'fold together', `matmul ${planted}`]) {
      expect(seen).toContain(name);
    }
    const { measured } = await autotune(() => y.square(), { cache: memoryCache(), rounds: 1, again: true });
    expect(measured[0]!.ms).toBeGreaterThan(0);
  });

  test('refuses functions that give no tensors', async () => {
    await expect(autotune(() => 3)).rejects.toThrow(ChiaroError);
    await expect(autotune(() => Promise.resolve(square()))).rejects.toThrow(/asynchronous/);
  });

  test('the version in the key is that of the package', () => {
    const { version: wanted } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(version).toBe(wanted);
  });
});
