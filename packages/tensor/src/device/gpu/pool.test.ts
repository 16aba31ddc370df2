import { expect, test } from 'vitest';
import { BufferPool } from './pool.js';

test('buffers that commands not yet submitted may use are not destroyed, however many lie idle', () => {
  const destroyed: number[] = [];
  const device = {
    createBuffer: ({ size }: GPUBufferDescriptor) => ({ destroy: () => void destroyed.push(size) }),
  } as unknown as GPUDevice;
  const pool = new BufferPool(device, 2 ** 31, () => undefined);
  const sizes = [1, 2, 3, 4].map((n) => n * 100 * 2 ** 20); // above the 256 MiB that may lie idle
  const submitted = pool.encode(() => {
    for (const buffer of sizes.map((bytes) => pool.acquire(bytes, 'test'))) pool.release(buffer);
    return [...destroyed];
  });
  expect(submitted).toEqual([]);
  expect(destroyed.length).toBeGreaterThan(0);
  expect(pool.pooledBytes).toBeLessThanOrEqual(256 * 2 ** 20);
});
