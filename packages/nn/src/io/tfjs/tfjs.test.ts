import { expect, test } from 'vitest';
import { FormatError } from '../../engine.js';
import { depthwiseFiltersFromHWIO, filtersFromHWIO, loadTFJSWeights, weightsFromInOut } from './index.js';

const manifest = [
  {
    paths: ['a.bin', 'deep/b.bin'],
    weights: [
      { name: 'x', shape: [2, 3], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
      { name: 'y', shape: [2], dtype: 'float32', quantization: { dtype: 'uint16', scale: 2, min: 10 } },
      { name: 'z', shape: [], dtype: 'float32' },
      { name: 'n', shape: [1], dtype: 'int32' },
      { name: 'b', shape: [2], dtype: 'bool' },
    ],
  },
];
const z = [0, 0, 0xc0, 0x3f]; // 1.5
const whole = [0, 1, 2, 3, 4, 255, 1, 0, 0, 1, ...z, 254, 255, 255, 255, 1, 0];

function read(text: string, bytes: readonly number[] = whole, cut = 7): Promise<Record<string, unknown>> {
  const files: Record<string, Uint8Array> = {
    'model/m.json': new TextEncoder().encode(text),
    'model/a.bin': Uint8Array.from(bytes.slice(0, cut)), // an element may lie in two files
    'model/deep/b.bin': Uint8Array.from(bytes.slice(cut)),
  };
  return loadTFJSWeights('model/m.json', (path) => {
    const file = files[path];
    return file ? Promise.resolve(file) : Promise.reject(new FormatError(`no file ${path}`));
  });
}

test('elements as they are and quantized, over two files', async () => {
  expect(await read(JSON.stringify(manifest))).toEqual({
    x: { shape: [2, 3], data: new Float32Array([-1, -0.5, 0, 0.5, 1, 126.5]) },
    y: { shape: [2], data: new Float32Array([12, 522]) },
    z: { shape: [], data: new Float32Array([1.5]) },
    n: { shape: [1], data: new Int32Array([-2]) },
    b: { shape: [2], data: new Int32Array([1, 0]) },
  });
});

test('what does not fit is a FormatError that says where', async () => {
  const changed = (change: (weight: Record<string, unknown>) => void): string => {
    const copy = structuredClone(manifest);
    change(copy[0]!.weights[1]!);
    return JSON.stringify(copy);
  };
  await expect(read(JSON.stringify(manifest), whole.slice(1))).rejects.toThrow(/describes 20 bytes.*have 19/);
  await expect(read(changed((w) => (w.shape = [2 ** 40])))).rejects.toThrow(/describes .* bytes/);
  await expect(read(changed((w) => (w.shape = [-1])))).rejects.toThrow(/group 0, weight 1.*shape of y/);
  await expect(read(changed((w) => (w.name = 'x')))).rejects.toThrow(/x stands there twice/);
  await expect(read(changed((w) => (w.dtype = 'string')))).rejects.toThrow(/y must be float32.*"string"/);
  await expect(read(changed((w) => (w.quantization = { dtype: 'float16' })))).rejects.toThrow(
    /uint8 or uint16.*float16/,
  );
  await expect(read('[{"paths": ["../secret"], "weights": []}]')).rejects.toThrow(/"..\/secret" is not a path below/);
  await expect(read('{}')).rejects.toThrow(/list of groups/);
  await expect(read('[')).rejects.toThrow(/not JSON/);
});

test('two thousand damaged manifests: a FormatError, or arrays of as many elements as their shapes say', async () => {
  let state = 12345;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const text = JSON.stringify(manifest);
  const pieces = ['0', '9', '-', '"', '[', ']', '{', '}', ',', 'null', '1e9', 'uint8', 'int32', '..', ':'];
  let refused = 0;
  for (let round = 0; round < 2000; round++) {
    let damaged = text;
    for (let k = 0; k < 1 + below(3); k++) {
      const at = below(damaged.length);
      damaged = damaged.slice(0, at) + pieces[below(pieces.length)]! + damaged.slice(at + below(4));
    }
    const bytes = below(4) === 0 ? whole.slice(0, below(whole.length)) : whole;
    try {
      for (const array of Object.values(await read(damaged, bytes))) {
        const { shape, data } = array as { shape: number[]; data: ArrayLike<number> };
        expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      }
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(1000);
  expect(refused).toBeLessThan(2000);
});

test('filters turn from TensorFlow to PyTorch', () => {
  const data = Array.from({ length: 24 }, (_, i) => i);
  // [h, w, in, out] = [2, 1, 3, 4]: element (y, 0, i, o) is 12 y + 4 i + o
  const dense = filtersFromHWIO({ shape: [2, 1, 3, 4], data });
  expect(dense.shape).toEqual([4, 3, 2, 1]);
  expect([...(dense.data as Float32Array)].slice(0, 6)).toEqual([0, 12, 4, 16, 8, 20]);
  // [h, w, in, m] = [2, 1, 3, 4]: kernel 4 i + m
  const depthwise = depthwiseFiltersFromHWIO({ shape: [2, 1, 3, 4], data });
  expect(depthwise.shape).toEqual([12, 1, 2, 1]);
  expect([...(depthwise.data as Float32Array)].slice(0, 4)).toEqual([0, 12, 1, 13]);
  expect(weightsFromInOut({ shape: [2, 2], data: [1, 2, 3, 4] }).data).toEqual(new Float32Array([1, 3, 2, 4]));
  expect(() => filtersFromHWIO({ shape: [2], data: [1, 2] })).toThrow(/4 dimensions, got \[2\]/);
});
