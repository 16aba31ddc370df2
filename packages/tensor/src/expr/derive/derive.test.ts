import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { build, compileToJS, evaluate, expr, jvp, parse, vjp } from '../index.js';
import type { ExprFunction, OpName } from '../index.js';
import { randomBody, randomFrom } from '../programs.testing.js';
import { tolerances } from '../stdlib/tolerances.js';

type Numeric = (...args: number[]) => number[];

/** Central differences of every output by input k; undefined where two step widths disagree (a kink is near). */
function differences(f: Numeric, args: readonly number[], k: number, size = 1e-5): number[] | undefined {
  const at = (h: number): number[] => f(...args.map((a, i) => (i === k ? a + h : a)));
  const slope = (h: number): number[] => at(h).map((y, o) => (y - at(-h)[o]) / (2 * h));
  const h = size * Math.max(1, Math.abs(args[k]));
  const [wide, narrow] = [slope(2 * h), slope(h)];
  return wide.every((w, o) => Math.abs(w - narrow[o]) <= 1e-5 * (1 + Math.abs(w))) ? narrow : undefined;
}

const near = (found: number, expected: number, tolerance = 1e-5): boolean =>
  Math.abs(found - expected) <= tolerance * (1 + Math.abs(expected));

const all = (fn: ExprFunction): boolean[] => fn.inputs.map((v) => v.type === 'f32');

/** Checks forward and reverse derivatives of a function at a point; gives the number of slopes that were compared. */
function check(fn: ExprFunction, args: readonly number[], what: string): number {
  const f = compileToJS(fn);
  const wrt = all(fn);
  const real = fn.outputs.map((v) => v.type === 'f32');
  const outputs = real.filter(Boolean).length;
  const reals = wrt.flatMap((w, k) => (w ? [k] : []));
  const back = compileToJS(vjp(fn, wrt));
  const forth = compileToJS(jvp(fn, wrt));
  const rows = Array.from({ length: outputs }, (_, o) =>
    back(...args, ...Array.from({ length: outputs }, (_, j) => +(j === o))),
  );
  let compared = 0;
  reals.forEach((k, column) => {
    const slopes = differences(f, args, k)?.filter((_, o) => real[o]);
    const tangents = forth(...args, ...reals.map((_, j) => +(j === column)));
    tangents.forEach((tangent, o) => {
      const reverse = rows[o][column];
      if (!near(tangent, reverse, 1e-9))
        throw new Error(`${what}: forward ${tangent}, reverse ${reverse} at ${args.join()}`);
      if (slopes === undefined || !Number.isFinite(slopes[o])) return;
      compared++;
      if (!near(reverse, slopes[o]))
        throw new Error(`${what}: rule ${reverse}, differences ${slopes[o]} at ${args.join()}`);
    });
  });
  return compared;
}

describe('derivatives of operations', () => {
  it.each(Object.entries(tolerances))('%s', (name, { range }) => {
    const params = range.map((_, k) => ({ name: 'xy'[k], type: 'f32' }) as const);
    const fn = build(name, params, 'f32', (g, ...x) => g.apply(name as OpName, ...x));
    const random = randomFrom(1);
    let compared = 0;
    for (let k = 0; k < 60; k++) {
      const args = range.map(([low, high]) => {
        const [from, to] = [Math.max(low, -3), Math.min(high, 3)];
        return from + (0.01 + 0.98 * random()) * (to - from);
      });
      compared += check(fn, args, name);
      compared += check(vjp(fn, all(fn)), [...args, random()], `second derivative of ${name}`);
    }
    expect(compared).toBeGreaterThan(60);
  });

  it('makes the choices of PyTorch at kinks and edges', () => {
    const gradient = (text: string, ...args: number[]): number[] => {
      const fn = parse(`fn f(x: f32, y: f32) -> f32 { return ${text}; }`).entry;
      const found = evaluate(vjp(fn, [true, true]), [...args, 1]);
      expect(evaluate(jvp(fn, [true, true]), [...args, 1, 0])[0]).toEqual(found[0]);
      return found;
    };
    expect(gradient('max(x, y)', 1, 1)).toEqual([0.5, 0.5]);
    expect(gradient('min(x, y)', 1, 2)).toEqual([1, 0]);
    expect(gradient('abs(x)', 0, 0)[0]).toBe(0);
    expect(gradient('sqrt(x)', 0, 0)[0]).toBe(Infinity);
    expect(gradient('sqrt(max(x, 0.0))', -1, 0)[0]).toBe(0);
    expect(gradient('pow(x, y)', 0, 0)).toEqual([0, 0]);
    expect(gradient('pow(x, y)', 0, 2)).toEqual([0, 0]);
    expect(gradient('pow(x, 1.0) + pow(x, 2.0)', -3, 0)[0]).toBe(-5);
    expect(gradient('atan2(x, y)', 0, 0)).toEqual([0, 0]);
    expect(gradient('clamp(x, 0.0, 1.0)', 1, 0)[0]).toBe(1);
    expect(gradient('floor(x) + round(y) + sign(x) + step(x, y)', 0.3, 0.4)).toEqual([0, 0]);
    expect(gradient('length(vec2f(x, y))', 0, 0)).toEqual([0, 0]);
    expect(gradient('f32(i32(x)) + bitcast<f32>(bitcast<u32>(y) & 0xffff0000)', 1.5, 2)).toEqual([0, 0]);
  });
});

describe('branches that are not taken', () => {
  it.each([
    'if (x > 0.0) { r = sqrt(x) * log(x) + 1.0 / x; } return r;',
    'if (x > 0.0) { let s = sqrt(x); if (y > 0.0) { r = s * log(y); } else { r = s; } } return r + exp(r);',
    'let s = select(0.0, log(x), x > 0.0); return s * s + select(1.0, s / x, x > 0.0);',
    'if (x > 0.0) { for (var i = 0; i < 3; i++) { r += sqrt(x * y) / x; } } return r;',
    'let s = sqrt(x); let c = x > 0.0; return select(0.0, s, c) + select(0.0, s * y, c && y > 0.0);',
  ])('give no NaN: %s', (body) => {
    const fn = parse(`fn f(x: f32, y: f32) -> f32 { var r = 0.0; ${body} }`).entry;
    const first = vjp(fn, [true, true]);
    for (const args of [
      [0, 0],
      [-1, 2],
      [0, 3],
      [-2, -2],
    ]) {
      expect(evaluate(first, [...args, 1]).every((g) => g === 0)).toBe(true);
      expect(evaluate(jvp(fn, [true, true]), [...args, 1, 1]).every((g) => g === 0)).toBe(true);
      expect(evaluate(vjp(first, [true, true, true]), [...args, 1, 1, 1]).every((g) => g === 0)).toBe(true);
    }
    check(fn, [0.7, 1.3], body);
  });
});

describe('derivatives of programs', () => {
  /** Runs comparisons on random programs; each says how many numbers it compared. */
  function compareOnPrograms(
    numRuns: number,
    compare: (fn: ExprFunction, random: () => number, body: string) => number,
  ): number {
    let compared = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = randomFrom(seed);
        const body = randomBody(random);
        compared += compare(parse(`fn f(x: f32, y: f32, z: f32, n: i32) -> f32 {\n${body}}`).entry, random, body);
      }),
      { numRuns },
    );
    return compared;
  }

  it('agree with central differences, forward with reverse, on random programs', () => {
    const compared = compareOnPrograms(150, (fn, random, body) => {
      let some = 0;
      for (let n = 0; n < 3; n++) some += check(fn, [random() * 4 - 2, random() * 4 - 2, random() * 4 - 2, n], body);
      return some;
    });
    expect(compared).toBeGreaterThan(800);
  });

  it('of second order agree too', () => {
    const compared = compareOnPrograms(40, (fn, random, body) => {
      const args = [random() * 3 - 1.5, random() * 3 - 1.5, random() * 3 - 1.5, 2, 1];
      return check(vjp(fn, all(fn)), args, `gradient of ${body}`);
    });
    expect(compared).toBeGreaterThan(200);
  });

  const newton = expr`fn newton(a: f32, x: f32, n: i32) -> vec2f {
    var s = x;
    var sum = 0.0;
    for (var i = 0; i < n; i++) {
      s = 0.5 * (s + a / s);
      for (var j = 0; j < i; j++) { sum += sin(s * f32(j + 1)) * a; s += 0.01 * sum; }
    }
    return vec2f(s, sum);
  }`;

  it('go through nested loops, to the third order', () => {
    for (const n of [0, 1, 2, 4]) {
      check(newton, [2, 1.1, n], 'newton');
      const second = vjp(newton, [true, true, false]);
      check(second, [2, 1.1, n, 0.3, 0.7], 'gradient of newton');
      if (n < 3)
        check(vjp(second, [true, true, false, false, false]), [2, 1.1, n, 0.3, 0.7, 0.2, 0.5], 'second gradient');
    }
  });

  it('satisfy <u, J v> = <J^T u, v>', () => {
    const wrt = [true, true, false];
    const args = [1.7, 0.9, 4];
    const [u, v] = [
      [0.3, -1.2],
      [0.8, 0.4],
    ];
    const forward = evaluate(jvp(newton, wrt), [...args, ...v]);
    const backward = evaluate(vjp(newton, wrt), [...args, ...u]);
    const dot = (a: number[], b: number[]): number => a.reduce((sum, x, k) => sum + x * b[k], 0);
    expect(dot(u, forward)).toBeCloseTo(dot(backward, v), 10);
  });

  it('of a plain sum need no inner loop, and carry no state that nobody reads', () => {
    const sum = expr`fn f(x: f32, n: i32) -> f32 {
      var s = 0.0; var unused = 1.0;
      for (var i = 0; i < n; i++) { s += sin(x * f32(i)); unused *= x; }
      return s;
    }`;
    const gradient = vjp(sum, [true, false]);
    const loops = gradient.order.filter((v) => v.op === 'loop');
    expect(loops.length).toBe(1);
    expect(gradient.order.filter((v) => v.op === 'item').length).toBe(1);
    expect(evaluate(gradient, [0.5, 3, 1])[0]).toBeCloseTo(Math.cos(0.5) + 2 * Math.cos(1), 12);
  });

  it('are told apart from what has none', () => {
    const fn = expr`fn f(x: f32, k: i32) -> f32 { return x * f32(k); }`;
    expect(() => vjp(fn, [true, true])).toThrow(/cannot be derived by k: it is i32/);
    expect(() => jvp(fn, [true])).toThrow(/2 scalar inputs, but 1 marks/);
  });
});
