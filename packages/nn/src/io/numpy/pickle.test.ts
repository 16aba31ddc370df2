import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesOf, files as published, readMutations } from '../files.testing.js';
import { readPickle } from './index.js';

/** Made by packages/nn/reference/pickles.py. */
const files = JSON.parse(readFileSync(new URL('../../../reference/pickles.json', import.meta.url), 'utf8')) as {
  readonly arrays: readonly string[];
  readonly custom: readonly string[];
  readonly objects: string;
  readonly python2: string;
};

test.each(files.arrays.map((file, protocol) => [protocol, file] as const))('arrays, protocol %i', (_, file) => {
  const six = [0, 1, 2, 3, 4, 5];
  expect(readPickle(bytesOf(file))).toEqual(
    new Map<string, unknown>([
      ['floats', { shape: [2, 3], data: Float32Array.from(six) }],
      ['columns', { shape: [2, 3], data: Float64Array.from(six) }],
      ['big', { shape: [3], data: Int32Array.of(1, 2, 300) }],
      ['bytes', { shape: [2], data: Uint8Array.of(0, 255) }],
      ['none', { shape: [0, 3], data: new Float64Array(0) }],
      ['set', [1, 2]],
    ]),
  );
});

test('elements that Python 2 wrote as text keep each byte', () => {
  const data = Uint8Array.from({ length: 256 }, (_, k) => k);
  expect(readPickle(bytesOf(files.python2))).toEqual(new Map([['all', { shape: [256], data }]]));
});

test.each(files.custom)('an object is its attributes where its class is allowed, and refused elsewhere', (file) => {
  const found = readPickle(bytesOf(file), { objects: ['__main__.Custom'] }) as Map<string, unknown>;
  expect(found.get('object')).toEqual(
    new Map<string, unknown>([
      ['x', { shape: [2], data: Float64Array.of(1.5, -2) }],
      ['name', 'custom'],
    ]),
  );
  expect(() => readPickle(bytesOf(file))).toThrow(/asks for (__main__\.Custom|copy_reg\._recon)/);
});

test('functions and arrays of objects are refused', () => {
  expect(() => readPickle(bytesOf(published.evil), { objects: ['x.y'] })).toThrow();
  expect(() => readPickle(bytesOf(files.objects))).toThrow(/array holds Python objects/);
});

test('mutations are read or refused', async () => {
  for (const protocol of [2, 5]) {
    const refused = await readMutations(bytesOf(files.arrays[protocol]!), readPickle, { count: 2000, seed: 4 });
    expect(refused).toBeGreaterThan(500);
  }
});
