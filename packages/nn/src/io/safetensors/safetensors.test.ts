import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FormatError } from '../../engine.js';
import { BatchNorm2d, Linear, Sequential } from '../../layers/index.js';
import { readMutations } from '../files.testing.js';
import { parseSafetensors, readSafetensors, storedElements, writeSafetensors, type SafetensorsType } from './index.js';

const integers = (bits: number): fc.Arbitrary<number> =>
  fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const naturals = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
const numbersOf: Readonly<Record<SafetensorsType, fc.Arbitrary<number>>> = {
  BOOL: naturals(1),
  F64: fc.double({ noNaN: true }),
  F32: fc.float({ noNaN: true }),
  F16: fc.integer({ min: -2048, max: 2048 }).map((k) => k / 64), // eleven bits: exact in a half
  BF16: fc.integer({ min: -256, max: 256 }).map((k) => k * 2 ** 20), // eight bits
  I64: fc.maxSafeInteger(),
  U64: fc.maxSafeNat(),
  I32: integers(32),
  U32: naturals(32),
  I16: integers(16),
  U16: naturals(16),
  U8: naturals(8),
  I8: integers(8),
};

it('numbers of every type come back as they were, in their shapes, at any place of a buffer', () => {
  const arrayOf = fc
    .constantFrom(...(Object.keys(numbersOf) as SafetensorsType[]))
    .chain((type) => fc.record({ type: fc.constant(type), data: fc.array(numbersOf[type], { maxLength: 20 }) }));
  fc.assert(
    fc.property(fc.array(arrayOf, { maxLength: 5 }), fc.integer({ min: 0, max: 7 }), (list, shift) => {
      const named = Object.fromEntries(list.map((t, k) => [`t${k}`, { ...t, shape: [t.data.length] }]));
      const written = writeSafetensors(named, { a: 'b' });
      const moved = new Uint8Array(written.length + shift);
      moved.set(written, shift);
      const file = parseSafetensors(moved.subarray(shift));
      expect(file.metadata).toEqual({ a: 'b' });
      list.forEach(({ data, type }, k) => {
        const stored = file.arrays.get(`t${k}`)!;
        expect(stored).toMatchObject({ type, shape: [data.length] });
        expect(Array.from(storedElements(stored), (x) => x + 0)).toEqual(data.map((x) => x + 0)); // -0 is 0 in integers
      });
    }),
    { numRuns: 200, seed: 5 },
  );
});

it('halves and brain floats round to nearest, ties to even, with subnormals and infinities', () => {
  const cases: readonly (readonly [SafetensorsType, number, number])[] = [
    ['F16', 1 / 3, 0.333251953125],
    ['F16', 2049, 2048], // a tie: 2048 is even
    ['F16', 2051, 2052],
    ['F16', 65504, 65504], // the largest half
    ['F16', 65520, Infinity],
    ['F16', 2 ** -24, 2 ** -24], // the smallest subnormal
    ['F16', 2 ** -25, 0], // a tie with zero
    ['F16', -(2 ** -14) * 0.999, -1023 * 2 ** -24],
    ['F16', NaN, NaN],
    ['BF16', 257, 256], // a tie
    ['BF16', 259, 260],
    ['BF16', 3.4e38, Infinity],
    ['BF16', NaN, NaN],
    ['U8', 300.4, 255],
    ['I8', -129, -128],
  ];
  for (const [type, given, expected] of cases) {
    const back = readSafetensors(writeSafetensors({ x: { type, shape: [1], data: [given] } }));
    expect(back['x']!.data[0], `${type} ${given}`).toBe(expected);
  }
});

it('a network goes into a file and comes back', async () => {
  const made = (): Sequential => new Sequential([new Linear(3, 2), new BatchNorm2d(2)]);
  const [one, other] = [made(), made()];
  const file = writeSafetensors(await one.stateDict());
  expect(parseSafetensors(file).arrays.get('1.num_batches_tracked')!.type).toBe('I32');
  other.load(readSafetensors(file));
  expect(await other.stateDict()).toEqual(await one.stateDict());
});

it('sizes are checked against the file before memory is taken', () => {
  const file = (header: object | string, body = 8): Uint8Array => {
    const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
    const bytes = new Uint8Array(8 + text.length + body);
    new DataView(bytes.buffer).setUint32(0, text.length, true);
    bytes.set(text, 8);
    return bytes;
  };
  const one = (entry: object): Uint8Array => file({ x: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...entry } });
  expect(readSafetensors(one({}))['x']!.shape).toEqual([2]);
  const wrong = [
    new Uint8Array(7),
    Uint8Array.from([255, 255, 255, 255, 255, 255, 255, 255, 0]),
    file('{"x":'),
    file('[]'),
    file({ x: 1 }),
    file({ __metadata__: { a: 1 } }),
    one({ dtype: 'F8_E4M3' }),
    one({ dtype: 'toString' }),
    one({ shape: [2 ** 40] }),
    file('{"x":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}}'),
    one({ shape: [-2] }),
    one({ data_offsets: [0, 12] }),
    one({ data_offsets: [8, 0] }),
    one({ data_offsets: [0.5, 8.5] }),
    file({
      x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      y: { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
    }),
  ];
  for (const bytes of wrong) expect(() => parseSafetensors(bytes)).toThrow(FormatError);
  expect(() => parseSafetensors(file({ x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, 20))).toThrow(
    /12 bytes follow the last array/,
  );
  expect(() => parseSafetensors(one({ shape: [1], data_offsets: [4, 8] }))).toThrow(/"x" begins at 4.*ends at 0/);
  expect(() => writeSafetensors({ x: { shape: [2], data: [1] } })).toThrow(/"x" \[2\] got 1 elements/);
});

it('mutations are read or refused', async () => {
  const file = writeSafetensors({
    a: { shape: [3, 2], data: new Float32Array(6) },
    b: { shape: [], data: [7], type: 'I64' },
  });
  expect(await readMutations(file, readSafetensors, { count: 2000, seed: 4 })).toBeGreaterThan(500);
});
