import { describe, expect, test } from 'vitest';
import { bytesOf, files, readMutations } from '../files.testing.js';
import { readNpy, readNpz, writeNpy, writeNpz } from './index.js';

describe('npy', () => {
  test.each(files.npy.map((f) => [f.name, f] as const))('%s, written by numpy', (name, { file, shape, data }) => {
    const array = readNpy(bytesOf(file));
    expect(array.shape).toEqual(shape);
    expect(Array.from(array.data)).toEqual(data.map((x) => (name === 'halves' ? Math.fround(x) : x)));
  });

  test('comes back as it was written, type and all', () => {
    const arrays = [Float32Array.of(1.5, -2), Float64Array.of(Math.PI, 1), Int32Array.of(-5, 7), Uint8Array.of(0, 255)];
    for (const data of arrays) expect(readNpy(writeNpy({ shape: [2, 1], data }))).toEqual({ shape: [2, 1], data });
    expect(readNpy(writeNpy({ shape: [2], data: [1, 2] })).data).toEqual(Float64Array.of(1, 2));
    expect(() => writeNpy({ shape: [3], data: [1, 2] })).toThrow(/needs 3 elements, got 2/);
  });

  test('refuses objects, and integers that would lose digits', () => {
    expect(() => readNpy(bytesOf(files.objects))).toThrow(/type "\|O" cannot be read/);
    const large = bytesOf(files.npy.find((f) => f.name === '<i8')!.file);
    large[large.length - 2] = 0x7f;
    expect(() => readNpy(large)).toThrow(/too large for a number/);
  });
});

describe('npz', () => {
  test('written by numpy, packed and not', async () => {
    const { a, b } = await readNpz(bytesOf(files.npz));
    expect(a).toEqual({ shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) });
    expect(b).toEqual({ shape: [2], data: Float64Array.of(1, 2) });
    const packed = await readNpz(bytesOf(files.npzCompressed));
    expect(packed['a']).toEqual(a);
    expect(packed['zeros']!.data).toEqual(new Float32Array(5000));
    expect(Object.keys(await readNpz(bytesOf(files.npz), (name) => name === 'b'))).toEqual(['b']);
  });

  test('comes back as it was written', async () => {
    const arrays = {
      weight: { shape: [2], data: Float32Array.of(1, 2) },
      'a.b/c': { shape: [], data: Int8Array.of(-3) },
    };
    expect(await readNpz(await writeNpz(arrays))).toEqual(arrays);
  });

  test('a changed byte of the contents is noticed', async () => {
    const bytes = bytesOf(files.npz);
    const at = Buffer.from(bytes).indexOf(new Uint8Array(Float32Array.of(3, 4, 5).buffer));
    expect(at).toBeGreaterThan(0);
    bytes[at]! ^= 1;
    await expect(readNpz(bytes)).rejects.toThrow(/no readable ZIP archive/);
  });
});

test('mutations are read or refused', async () => {
  const npy = bytesOf(files.npy[10]!.file);
  expect(await readMutations(npy, readNpy, { count: 2000, seed: 1 })).toBeGreaterThan(500);
  const npz = bytesOf(files.npzCompressed);
  expect(await readMutations(npz, readNpz, { count: 500, seed: 2 })).toBeGreaterThan(200);
});
