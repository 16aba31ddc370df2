import { describe, expect, it } from 'vitest';
import { accurateOps } from '../emit/wgsl.js';
import { compileToJS, evaluate, normal2, ops, philox, tolerances, uniform01, wgslHelpers } from '../index.js';
import { randomFrom } from '../programs.testing.js';
import { elementary } from './elementary.js';
import { errorInUlp, isWithin } from './tolerances.js';

describe('Philox 4x32-10', () => {
  // kat_vectors of Random123
  it.each([
    ['00000000 00000000 00000000 00000000 00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('%s', (input, output) => {
    const words = input.split(' ').map((w) => parseInt(w, 16));
    const hex = (all: number[]): string => all.map((w) => w.toString(16).padStart(8, '0')).join(' ');
    expect(hex(evaluate(philox, words))).toBe(output);
    expect(hex(compileToJS(philox)(...words))).toBe(output);
  });

  it('gives uniforms below 1 and normals of the right moments', () => {
    expect(evaluate(uniform01, [0xffffffff])[0]).toBe(1 - 2 ** -24);
    expect(evaluate(uniform01, [255])[0]).toBe(0);
    const bits = compileToJS(philox);
    const normals = compileToJS(normal2);
    const n = 20000;
    const sums = [0, 0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const [a, b] = bits(i, 0, 0, 0, 1, 2);
      const [x, y] = normals(a, b);
      [x, x * x, x ** 4, x * y, y].forEach((t, k) => (sums[k] += t / n));
    }
    // five standard errors: sqrt(1 / n), sqrt(2 / n), sqrt(96 / n), sqrt(1 / n)
    const error = 5 / Math.sqrt(n);
    expect(Math.abs(sums[0])).toBeLessThan(error);
    expect(Math.abs(sums[4])).toBeLessThan(error);
    expect(Math.abs(sums[1] - 1)).toBeLessThan(Math.SQRT2 * error);
    expect(Math.abs(sums[2] - 3)).toBeLessThan(Math.sqrt(96) * error);
    expect(Math.abs(sums[3])).toBeLessThan(error);
  });
});

describe('elementary functions', () => {
  it.each([...accurateOps])('%s is within its tolerance in single precision arithmetic', (op) => {
    const fn = elementary(`chiaro_${op}`);
    const tolerance = tolerances[op as keyof typeof tolerances];
    const random = randomFrom(7);
    const worst = { error: 0, args: [] as number[] };
    for (let k = 0; k < 1500; k++) {
      const args = tolerance.range.map(([low, high]) => {
        const small = k % 2 ? 1 : 1e-3 ** (3 * random());
        return Math.fround(
          Math.min(
            high,
            Math.max(low, low > 0 && k % 3 === 0 ? 0.5 + random() : small * (low + (high - low) * random())),
          ),
        );
      });
      const exact = ops[op].evaluate.f32(args[0], args[1], 0);
      if (exact !== 0 && Math.abs(exact) < 1.2e-38) continue;
      const [value] = evaluate(fn, args, Math.fround);
      if (!isWithin(tolerance, value, exact)) expect.fail(`${op}(${args.join()}) = ${value}, exact ${exact}`);
      const error = errorInUlp(value, exact);
      if (error > worst.error) Object.assign(worst, { error, args });
    }
    expect(worst.error).toBeLessThanOrEqual(tolerance.ulp);
  });

  it('are linked with what they call, once each, callees first', () => {
    const text = wgslHelpers(['chiaro_tanh', 'chiaro_sinh', 'chiaro_log', 'chiaro_exp']);
    const names = [...text.matchAll(/^fn (\w+)/gm)].map((m) => m[1]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.indexOf('chiaro_exp')).toBeLessThan(names.indexOf('chiaro_tanh'));
    expect(names).toContain('chiaro_inf');
  });
});

it('every operation from f32 to f32 has a tolerance', () => {
  const real = Object.entries(ops).filter(([, o]) => o.signature === 'float' || o.signature === 'number');
  expect(real.map(([name]) => name).filter((name) => !Object.hasOwn(tolerances, name))).toEqual([]);
});
