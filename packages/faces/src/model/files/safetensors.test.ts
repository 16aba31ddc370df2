import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FormatError } from '../../engine.js';
import { parseSafetensors, storedIndices, storedNumbers, writeSafetensors } from './safetensors.js';
import type { ElementType } from './safetensors.js';

const numbersOf: Readonly<Record<ElementType, fc.Arbitrary<number>>> = {
  F32: fc.float({ noNaN: true }),
  F16: fc.integer({ min: -2048, max: 2048 }).map((k) => k / 64), // eleven bits: exact in a half
  I32: fc.integer(),
  U16: fc.integer({ min: 0, max: 65535 }),
  U8: fc.integer({ min: 0, max: 255 }),
  I8: fc.integer({ min: -127, max: 127 }),
};

it('numbers of every type come back as they were, in their shapes, at any place of a buffer', () => {
  const tensorOf = fc
    .constantFrom<ElementType>('F32', 'F16', 'I32', 'U16', 'U8', 'I8')
    .chain((type) => fc.record({ type: fc.constant(type), values: fc.array(numbersOf[type], { maxLength: 20 }) }));
  fc.assert(
    fc.property(fc.array(tensorOf, { maxLength: 5 }), fc.integer({ min: 0, max: 7 }), (list, shift) => {
      const named = Object.fromEntries(list.map((t, k) => [`t${k}`, { ...t, shape: [t.values.length] }]));
      const written = writeSafetensors(named, { a: 'b' });
      const moved = new Uint8Array(written.length + shift);
      moved.set(written, shift);
      const file = parseSafetensors(moved.subarray(shift));
      expect(file.metadata).toEqual({ a: 'b' });
      list.forEach(({ values }, k) => {
        const stored = file.tensors.get(`t${k}`)!;
        expect(stored.shape).toEqual([values.length]);
        // I32 beyond 2^24 rounds when it becomes float32
        expect(storedNumbers(stored)).toEqual(Float32Array.from(values));
      });
    }),
    { numRuns: 100, seed: 5 },
  );
});

it('halves round to nearest, ties to even, with subnormals and infinities (IEEE 754 binary16)', () => {
  const cases: readonly (readonly [number, number])[] = [
    [1 / 3, 0.333251953125],
    [2049, 2048], // a tie: 2048 is even
    [2051, 2052],
    [65504, 65504], // the largest half
    [65520, Infinity],
    [2 ** -24, 2 ** -24], // the smallest subnormal
    [2 ** -25, 0], // a tie with zero
    [-(2 ** -14) * 0.999, -1023 * 2 ** -24],
  ];
  const shape = [cases.length];
  const written = writeSafetensors({ x: { type: 'F16', shape, values: cases.map(([x]) => x) } });
  const back = storedNumbers(parseSafetensors(written).tensors.get('x')!);
  expect(Array.from(back)).toEqual(cases.map(([, y]) => y));
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
  expect(parseSafetensors(one({})).tensors.get('x')!.shape).toEqual([2]);
  const wrong = [
    new Uint8Array(7),
    Uint8Array.from([255, 255, 255, 255, 255, 255, 255, 255, 0]),
    file('{"x":'),
    file('[]'),
    file({ x: 1 }),
    file({ __metadata__: { a: 1 } }),
    one({ dtype: 'F64' }),
    one({ dtype: 'toString' }),
    one({ shape: [2 ** 40] }),
    file('{"x":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}}'),
    one({ shape: [-2] }),
    one({ data_offsets: [0, 12] }),
    one({ data_offsets: [8, 0] }),
    one({ data_offsets: [0.5, 8.5] }),
  ];
  for (const bytes of wrong) expect(() => parseSafetensors(bytes)).toThrow(FormatError);
  const negative = writeSafetensors({ i: { type: 'I32', shape: [2], values: [3, -1] } });
  expect(() => storedIndices('i', parseSafetensors(negative).tensors.get('i')!)).toThrow('entry 1 of "i" is -1');
});
