import { expect, test } from 'vitest';
import { restWhileWaiting } from './restWhileWaiting.js';

/** As Dawn's binding does it: asked in every turn of the event loop whether the time is over. */
function binding(): {
  classes: { GPUBuffer: { prototype: { mapAsync: (ms: number) => Promise<string> } } };
  turns: () => number;
} {
  let turns = 0;
  class GPUBuffer {
    mapAsync(ms: number): Promise<string> {
      const end = performance.now() + ms;
      return new Promise((resolve, reject) => {
        const turn = (): void => {
          turns++;
          if (performance.now() < end) setImmediate(turn);
          else if (ms > 1) resolve('mapped');
          else reject(new Error('lost'));
        };
        turn();
      });
    }
  }
  return { classes: { GPUBuffer }, turns: () => turns };
}

test('the thread rests while the GPU works, and results and errors come through', async () => {
  const { classes, turns } = binding();
  const { GPUBuffer } = classes;
  const buffer = Object.create(GPUBuffer.prototype) as { mapAsync: (ms: number) => Promise<string> };
  restWhileWaiting(classes);
  const { mapAsync } = GPUBuffer.prototype;
  restWhileWaiting(classes); // wraps once
  expect(GPUBuffer.prototype.mapAsync).toBe(mapAsync);
  const begun = performance.now();
  expect(await Promise.all([buffer.mapAsync(100), buffer.mapAsync(50)])).toEqual(['mapped', 'mapped']);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(100);
  // tens of thousands without rests
  expect(turns()).toBeLessThan(2000);
  await expect(buffer.mapAsync(0)).rejects.toThrow('lost');
});
