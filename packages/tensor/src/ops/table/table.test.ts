import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ChiaroError } from '../../errors.js';
import * as library from '../../index.js';
import { operations, operationTable } from './index.js';
import { buildCall, float64Error, hasMethod, mismatch, onReference, sampleOf, seedFor, testSeed } from './run.js';

const seed = testSeed(process.env);
const samples = Number(process.env['CHIARO_TABLE'] ?? 60);
console.log(`operation table: CHIARO_SEED=${seed}, ${samples} samples of each operation on the reference device`);

describe('coverage', () => {
  const names = operations.map((o) => o.name);
  // waits for a number of elements: tested in ops/compact.test.ts, what it computes by the row of its twin
  const waits = (name: string): boolean => names.includes(`${name}UpTo`);

  test('every exported function of ops/ is in the table', async () => {
    const exported = new Set<unknown>(Object.values(library));
    const folder = new URL('../', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (f) => f.endsWith('.ts') && !/\.(test|testing)\.ts$/.test(f) && !f.startsWith('table'),
    );
    expect(files).toContain(join('conv', 'conv2d.ts'));
    const missing: string[] = [];
    for (const file of files) {
      const module = (await import(new URL(file, folder).pathname)) as Record<string, unknown>;
      for (const [name, value] of Object.entries(module)) {
        if (typeof value === 'function' && exported.has(value) && !names.includes(name) && !waits(name))
          missing.push(`${file}: ${name}`);
      }
    }
    expect(missing).toEqual([]);
  });

  test('every entry is an exported function, listed once', () => {
    for (const name of names) expect(library, name).toHaveProperty(name);
    expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([]);
  });

  test('every method that is an operation is in the table', () => {
    const own = ['constructor', 'item', 'data', 'array', 'dispose', 'toString', 'shape', 'dtype', 'rank', 'size'];
    const others = ['requiresGrad', 'disposed', 'replaceNode', 'node', 'ownNode'];
    const methods = Object.getOwnPropertyNames(library.Tensor.prototype).filter(
      (n) => ![...own, ...others].includes(n),
    );
    expect(methods.filter((n) => !names.includes(n) && !waits(n))).toEqual([]);
  });
});

describe.each(Object.entries(operationTable))('%s on the reference device', (_, family) => {
  test.each(family.map((o) => [o.name, o] as const))('%s', (name, operation) => {
    for (let i = 0; i < samples; i++) {
      const options = { views: 0.5, empty: 0.1, special: 0.25, otherDTypes: 0.35 };
      const sample = sampleOf(operation, seedFor(seed, name, i), options);
      const call = buildCall(sample, i % 3 === 0 && hasMethod(sample));
      for (const fusion of [true, false]) {
        const wrong = mismatch(sample, call.outputs, onReference(call, fusion), float64Error(sample));
        if (wrong !== undefined) expect.fail(`${wrong} (fusion: ${fusion})`);
      }
    }
  });
});

describe('bad calls', () => {
  const bad = operations.flatMap((o) => o.bad.map((b) => [o.name, b.what, b] as const));

  test.each(bad)('%s: %s', (_, __, { call, error, message }) => {
    let thrown: unknown;
    try {
      call();
    } catch (reason) {
      thrown = reason;
    }
    expect(thrown).toBeInstanceOf(ChiaroError);
    expect((thrown as Error).name).toBe(error.name);
    expect((thrown as Error).message).toMatch(message);
  });
});
