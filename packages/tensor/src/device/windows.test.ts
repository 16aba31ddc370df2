import { describe, expect, test } from 'vitest';
import { ShapeError } from '../errors.js';
import { operationTable } from '../ops/table/index.js';
import { buildCall, gpuError, mismatch, sampleOf, seedFor } from '../ops/table/run.js';
import { add, arange, concat, tensor } from '../index.js';
import { schedule } from '../schedule/schedule.js';
import { deviceLike, readOn } from './gpu/variant.testing.js';
import { planOf } from './plan.js';

const limit = 512;

/** Families whose every kernel can be cut. */
const alwaysSplit = [
  'creation',
  'arithmetic',
  'functions of real numbers',
  'comparison, logic, choice',
  'expressions',
  'movement',
  'triangles and diagonals',
];

describe('tensors over the binding limit', () => {
  test.each(Object.entries(operationTable))('%s: right, or refused by name', async (family, operations) => {
    const device = await deviceLike({ maxBindingBytes: limit });
    for (const operation of operations) {
      for (const i of [0, 1]) {
        const sample = sampleOf(operation, seedFor(1, operation.name, i), i === 0 ? {} : { views: 0.4, empty: 0.05 });
        const { outputs } = buildCall(sample);
        try {
          const wrong = mismatch(sample, outputs, await readOn(device, outputs), gpuError(sample));
          if (wrong !== undefined) expect.soft(undefined, wrong).toBe('right');
        } catch (error) {
          expect(error, operation.name).toBeInstanceOf(ShapeError);
          expect((error as Error).message).toMatch(/512 bytes|at most 512/);
          expect(alwaysSplit, `${operation.name}: ${(error as Error).message}`).not.toContain(family);
        }
      }
    }
  });

  test('parts of one shape are joined although they lie far apart, and what pads far around is read', async () => {
    const device = await deviceLike({ maxBindingBytes: limit });
    const part = arange(300).to('float32');
    const joined = concat([part.add(1), part.mul(2), part.sub(3)]);
    const [whole, line] = await readOn(device, [joined, part.pad([[700, 900]])]);
    const numbers = Array.from({ length: 300 }, (_, i) => i);
    expect([...whole!]).toEqual([
      ...numbers.map((i) => i + 1),
      ...numbers.map((i) => 2 * i),
      ...numbers.map((i) => i - 3),
    ]);
    expect([...line!.slice(0, 700), ...line!.slice(1000)].every((v) => v === 0)).toBe(true);
    expect([...line!.slice(700, 1000)]).toEqual(numbers);
  });
});

test('a matrix read across its rows, larger than may be bound: some runs per row, not one per element', async () => {
  const [rows, columns] = [24, 352];
  const [a, b] = [1, 2].map((k) => Float32Array.from({ length: rows * columns }, (_, i) => (k * i * 7) % 1013));
  const x = tensor(a!, [columns, rows]);
  const make = () => add(x.transpose(), tensor(b!, [rows, columns]));
  // all but a sixth of the matrix: a row must be cut, and a run across two rows touches all of it
  const device = await deviceLike({ maxBindingBytes: 28160 });
  const { steps } = planOf(schedule([make().node], { profile: device.profile, fusion: true }), device.profile);
  expect(steps.length).toBeGreaterThan(rows);
  expect(steps.length).toBeLessThanOrEqual(4 * rows);
  const [found] = await readOn(device, [make()]);
  const expected = Float32Array.from({ length: rows * columns }, (_, i) => {
    return a![(i % columns) * rows + Math.floor(i / columns)]! + b![i]!;
  });
  expect(found).toEqual(expected);
});
