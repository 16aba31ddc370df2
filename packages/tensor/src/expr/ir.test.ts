import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  build,
  compileToJS,
  emitFunction,
  Emitter,
  evaluate,
  expr,
  Graph,
  inline,
  ops,
  reachable,
  wgsl,
  wgslTarget,
} from './index.js';
import type { OpName, ScalarType, Value } from './index.js';

/** Copies values of one graph into another, inputs replaced. */
function copy(h: Graph, outputs: readonly Value[], inputs: readonly Value[], args: readonly Value[]): Value[] {
  const { graph } = inputs[0];
  const order = reachable(outputs);
  return inline(h, { name: 'f', params: [], result: 'f32', key: '', graph, inputs, outputs, order }, args);
}

describe('Graph', () => {
  it('makes equal computations one value, and keeps types apart', () => {
    const g = new Graph();
    const [x, y] = [g.input('f32', 'x'), g.input('f32', 'y')];
    expect(g.apply('add', x, y)).toBe(g.apply('add', y, x));
    expect(g.apply('sub', x, y)).not.toBe(g.apply('sub', y, x));
    expect(g.literal('f32', 1)).not.toBe(g.literal('i32', 1));
    expect(g.literal('f32', 0)).not.toBe(g.literal('f32', -0));
    const buffer = {};
    expect(g.extern('f32', 'load', [x], buffer)).toBe(g.extern('f32', 'load', [x], buffer));
    expect(g.extern('f32', 'load', [x], buffer)).not.toBe(g.extern('f32', 'load', [x], {}));
    const sum = (): Value => g.loop(g.literal('i32', 9), [x], (_, [s]) => [g.apply('add', g.apply('sin', s), y)])[0];
    expect(sum()).toBe(sum());
    expect(() => g.apply('add', x, g.literal('i32', 1))).toThrow(/add takes numbers of one type, got \(f32, i32\)/);
    expect(() => g.apply('add', x, new Graph().input('f32', 'y'))).toThrow(/another graph/);
  });

  it('simplifies what is exact, and keeps x * 0', () => {
    const g = new Graph();
    const x = g.input('f32', 'x');
    const c = g.input('bool', 'c');
    const f = (n: number): Value => g.literal('f32', n);
    expect(g.apply('mul', x, f(1))).toBe(x);
    expect(g.apply('add', f(0), x)).toBe(x);
    expect(g.apply('neg', g.apply('neg', x))).toBe(x);
    expect(g.apply('mul', x, f(0)).op).toBe('mul');
    expect(g.apply('sub', x, x).op).toBe('sub');
    expect(g.apply('select', x, x, c)).toBe(x);
    expect(g.apply('select', g.apply('select', f(1), x, c), f(2), c)).toBe(g.apply('select', f(1), f(2), c));
    expect(g.apply('or', c, g.apply('not', c))).toBe(g.literal('bool', true));
    expect(g.loop(g.literal('i32', 0), [x], () => [f(1)])).toEqual([x]);
    expect(g.loop(g.input('i32', 'n'), [x, f(1)], (_, [s, t]) => [s, g.apply('add', t, s)])[0]).toBe(x);
  });

  it('computes what the operations mean, whatever it simplifies', () => {
    const edge: Record<ScalarType, number[]> = {
      f32: [0, 1, -1, 2, 0.5, -3.25, 1e-3, Infinity, NaN],
      i32: [0, 1, -1, 7, -2147483648, 2147483647],
      u32: [0, 1, 3, 31, 4294967295],
      bool: [0, 1],
    };
    const types = Object.keys(edge) as ScalarType[];
    const names = Object.keys(ops) as OpName[];
    fc.assert(
      fc.property(fc.array(fc.nat(1e6), { minLength: 60, maxLength: 60 }), (choices) => {
        let at = 0;
        const choose = <T>(list: readonly T[]): T => list[choices[at++ % choices.length] % list.length];
        const g = new Graph();
        const inputs = types.flatMap((type) =>
          [0, 1].map((k) => ({ type, key: `${type}${k}`, value: choose(edge[type]) })),
        );
        const pool = inputs.map((i) => ({ value: g.input(i.type, i.key), exact: i.value }));
        for (const type of types)
          for (const x of edge[type].slice(0, 3)) pool.push({ value: g.literal(type, x), exact: x });
        for (let k = 0; k < 25; k++) {
          const op = choose(names);
          const args = Array.from({ length: ops[op].arity }, () => choose(pool));
          let value: Value;
          try {
            value = g.apply(op, ...args.map((a) => a.value));
          } catch {
            continue; // types that do not fit
          }
          const [a, b, c] = args.map((x) => x.exact);
          pool.push({ value, exact: ops[op].evaluate[args[0].value.type](a, b, c) });
        }
        const found = build(
          'f',
          inputs.map((i) => ({ name: i.key, type: i.type })),
          { name: 'Out', members: pool.map((p, k) => ({ name: `m${k}`, type: p.value.type })) },
          (h, ...args) =>
            copy(
              h,
              pool.map((p) => p.value),
              inputs.map((i) => g.input(i.type, i.key)),
              args,
            ),
        );
        const values = inputs.map((i) => i.value);
        for (const results of [evaluate(found, values), compileToJS(found)(...values)]) {
          results.forEach((r, k) => {
            const { exact } = pool[k];
            const same =
              r === exact || (Number.isNaN(r) && Number.isNaN(exact)) || Math.abs(r - exact) <= 1e-12 * Math.abs(exact);
            if (!same) throw new Error(`${r} instead of ${exact}: ${pool[k].value.op}`);
          });
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('emission', () => {
  it('reads like hand-written WGSL', () => {
    const fn = expr`
      fn charlie(cos_h: f32, r: f32) -> f32 {
        let sin_h = sqrt(max(1.0 - cos_h * cos_h, 1e-6));
        return (2.0 + 1.0 / r) * pow(sin_h, 1.0 / r) / (2.0 * PI);
      }`;
    expect(emitFunction(fn).text).toMatchInlineSnapshot(`
      "fn charlie(cos_h: f32, r: f32) -> f32 {
        let v_0 = 1.0 / r;
        return (2.0 + v_0) * chiaro_pow(sqrt(max(1.0 - cos_h * cos_h, 0.000001)), v_0) / 6.2831855;
      }
      "
    `);
  });

  it('writes loops with a bound that compilers do not see', () => {
    const fn = expr`fn power(x: vec2f, n: u32) -> vec2f {
      var p = vec2f(1);
      for (var i = 0u; i < 8u; i++) { p = vec2f(p.x * x.x - p.y * x.y, p.x * x.y + p.y * x.x); }
      return p;
    }`;
    expect(emitFunction(fn, wgslTarget({ zero: 'u.zero' })).text).toMatchInlineSnapshot(`
      "fn power(x: vec2f, n: u32) -> vec2f {
        var p_x_0 = 1.0;
        var p_y_1 = 1.0;
        for (var i_2 = 0u; i_2 < 8u + u.zero; i_2++) {
          let v_3 = p_x_0 * x.y + p_y_1 * x.x;
          p_x_0 = p_x_0 * x.x - p_y_1 * x.y;
          p_y_1 = v_3;
        }
        return vec2f(p_x_0, p_y_1);
      }
      "
    `);
  });

  it('writes literals that read back as the same f32', () => {
    const g = new Graph();
    const emit = (type: ScalarType, x: number): string => new Emitter(wgsl, String).value(g.literal(type, x));
    expect([1, 0.1, 1e-6, 1 / 3, 1e21, -0, -2.5, 3.4e38].map((x) => emit('f32', x))).toEqual([
      '1.0',
      '0.1',
      '0.000001',
      '0.33333334',
      '1e+21',
      '-0.0',
      '-2.5',
      '3.4e+38',
    ]);
    expect([emit('i32', -5), emit('i32', -2147483648), emit('u32', -1), emit('bool', 1)]).toEqual([
      '-5i',
      'i32(-2147483648)',
      '4294967295u',
      'true',
    ]);
    expect([emit('f32', -Infinity), emit('f32', NaN), emit('f32', 1e39)]).toEqual([
      '-chiaro_inf()',
      'chiaro_nan()',
      'chiaro_inf()',
    ]);
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (x) =>
        Object.is(Math.fround(Number(emit('f32', x))), x),
      ),
    );
  });

  it('keeps its names apart from those of parameters', () => {
    const fn = expr`fn f(v_0: f32, v: f32) -> f32 { return sin(v) * sin(v) + v_0; }`;
    expect(emitFunction(fn).text).toContain('let v_1 = chiaro_sin(v);');
  });

  it('shares names between scopes and announced roots', () => {
    const g = new Graph();
    const x = g.extern('f32', 'load', [g.input('i32', 'i')], 'x');
    const e = g.apply('exp', x);
    const [a, b] = [g.apply('add', e, x), g.apply('mul', e, g.literal('f32', 2))];
    const outer = new Emitter(wgsl, (v, args) => (v.op === 'extern' ? `x[${args[0]}]` : 'i'));
    outer.use(a, b);
    expect(outer.value(a)).toBe('v_1 + v_0');
    const inner = outer.child();
    expect(inner.value(b)).toBe('v_1 * 2.0');
    expect(inner.lines).toEqual([]);
    expect(outer.lines).toEqual(['let v_0 = x[i];', 'let v_1 = chiaro_exp(v_0);']);
    expect([...inner.helpers]).toEqual(['chiaro_exp']);
  });
});
