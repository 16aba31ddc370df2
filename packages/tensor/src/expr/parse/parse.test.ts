import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileToJS, evaluate, expr, ExprError, link, parse } from '../index.js';
import { erf } from '../ops.js';
import { randomBody, randomFrom, runAsJavaScript } from '../programs.testing.js';

const run = (text: string, ...args: number[]): number[] => evaluate(parse(text).entry, args);
/** Value of an expression of x, y (f32), k (i32), v (vec3f). */
const value = (text: string, type = 'f32', x = 0.5, y = 2, k = 7): number[] =>
  run(`fn f(x: f32, y: f32, k: i32) -> ${type} { let v = vec3f(1, 2, 3); return ${text}; }`, x, y, k);

describe('the language', () => {
  it.each([
    ['x + y * 3.0 - 1', 'f32', [5.5]],
    ['-x / y + 7 % 4', 'f32', [2.75]],
    ['(k / 2) % 2', 'i32', [1]],
    ['(-k) / 2', 'i32', [-3]],
    ['k / 0 + k % 0', 'i32', [7]],
    ['0xffffffff + 2u', 'u32', [1]],
    ['1u - 2u', 'u32', [4294967295]],
    ['k * 2147483647', 'i32', [2147483641]],
    ['(k << 30u) >> 30u', 'i32', [-1]],
    ['~0u >> 28', 'u32', [15]],
    ['k & 3 | 8', 'i32', [11]],
    ['u32(-1.5) + u32(3.9)', 'u32', [3]],
    ['i32(-3.9)', 'i32', [-3]],
    ['f32(k > 3 && !(x > 1.0))', 'f32', [1]],
    ['bitcast<u32>(1.0)', 'u32', [0x3f800000]],
    ['v.zyx * 2', 'vec3f', [6, 4, 2]],
    ['v.rg', 'vec2f', [1, 2]],
    ['vec4(v, x)', 'vec4f', [1, 2, 3, 0.5]],
    ['vec3(1, 2, 3) * v[1]', 'vec3f', [2, 4, 6]],
    ['1 / v', 'vec3f', [1, 0.5, 1 / 3]],
    ['vec2i(vec2f(2.7, -2.7))', 'vec2i', [2, -2]],
    ['dot(v, v)', 'f32', [14]],
    ['cross(v, v.yzx)', 'vec3f', [2 * 1 - 3 * 3, 3 * 2 - 1 * 1, 1 * 3 - 2 * 2]],
    ['length(v.xy * 0.0)', 'f32', [0]],
    ['distance(v, v + vec3f(0, 3, 4))', 'f32', [5]],
    ['mix(v, vec3f(3), x)', 'vec3f', [2, 2.5, 3]],
    ['clamp(y, 0, 1) + saturate(x) + step(1.0, y)', 'f32', [2.5]],
    ['smoothstep(0.0, 1.0, x)', 'f32', [0.5]],
    ['reflect(vec2f(1, -1), vec2f(0, 1))', 'vec2f', [1, 1]],
    ['refract(vec2f(0, -1), vec2f(0, 1), 1.5)', 'vec2f', [0, -1]],
    ['select(v, -v, v > vec3f(1.5))', 'vec3f', [1, -2, -3]],
    ['f32(any(v > vec3f(2.5))) + f32(all(v > vec3f(2.5)))', 'f32', [1]],
    ['max(v, 2.0) - min(k, 3) * vec3i(1, 0, 0)', 'vec3f', undefined],
    ['fma(x, y, PI) - PI + sign(-y) + round(2.5) + trunc(-1.5)', 'f32', [1 - 1 + 2 - 1]],
    ['degrees(PI) + radians(180) - PI', 'f32', [180]],
  ] as const)('%s', (text, type, expected) => {
    if (expected === undefined) expect(() => value(text, type)).toThrow(ExprError);
    else value(text, type).forEach((x, k) => expect(x).toBeCloseTo(expected[k], 12));
  });

  it('has structs, members, component assignment, helpers and constants', () => {
    const text = `
      const SCALE = 2 * PI / PI;
      struct Inner { v: vec2f, n: i32 }
      struct Params { a: Inner, tint: vec3<f32>, }
      fn twice(p: Inner) -> Inner { var q = p; q.v *= SCALE; q.n += 1; q.v.y = q.v[1] + 100; return q; }
      fn main(p: Params) -> Params {
        var out = Params(twice(p.a), p.tint.zyx);
        out.tint.y -= 5.0;
        out.a.v.x++;
        return out;
      }`;
    expect(run(text, 1, 2, 3, 10, 20, 30)).toEqual([3, 104, 4, 30, 15, 10]);
  });

  it.each([
    ['for (var i = 0; i < n; i++) { s += i; }', (n: number) => (n > 0 ? (n * (n - 1)) / 2 : 0)],
    ['for (var i = n; i > 0; i -= 2) { s = s * 10 + i; }', undefined],
    ['for (var i = 1; i <= n; i += 3) { s = s * 10 + i; }', undefined],
    ['for (var i = n; i >= -n; i--) { s = s * 3 + i; }', undefined],
    ['for (var i = 0; i < 3; i++) { for (var j = i; j < n; j++) { s += i * j + 1; } }', undefined],
  ] as const)('counts: %s', (loop, closed) => {
    const fn = parse(`fn f(n: i32) -> i32 { var s = 0; ${loop} return s; }`).entry;
    const script = new Function('n', `let s = 0; ${loop.replaceAll('var', 'let')} return s | 0;`) as (
      n: number,
    ) => number;
    for (const n of [-2, 0, 1, 2, 5, 6]) expect(evaluate(fn, [n])).toEqual([closed ? closed(n) : script(n)]);
  });

  it('means what JavaScript means, on random programs', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = randomFrom(seed);
        const body = randomBody(random);
        const fn = parse(`fn f(x: f32, y: f32, z: f32, n: i32) -> f32 {\n${body}}`).entry;
        const script = runAsJavaScript(body, erf);
        const compiled = compileToJS(fn);
        for (let k = 0; k < 4; k++) {
          const args = [random() * 4 - 2, random() * 4 - 2, random() * 4 - 2, k] as const;
          const expected = script(...args);
          for (const found of [evaluate(fn, args)[0], compiled(...args)[0]]) {
            if (!(Math.abs(found - expected) <= 1e-9 * (1 + Math.abs(expected)))) {
              throw new Error(`${found} instead of ${expected} for ${args.join()}\n${body}`);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('expr', () => {
  it('interpolates numbers and functions, and completes texts with link', () => {
    const half = expr`fn half(x: f32) -> f32 { return x * ${0.5} + ${-1}; }`;
    const both = expr`fn helper(x: f32) -> f32 { return ${half}(x); } fn both(x: f32) -> f32 { return helper(${half}(x)); }`;
    expect(evaluate(both, [8])).toEqual([0.5]);
    const open = expr`fn open(p: Params) -> vec3f { return p.tint * half(p.scale); }`;
    expect(open.name).toBe('open');
    expect(() => open.params).toThrow(/unknown type Params/);
    const closed = link(open, { uses: [half], structs: { Params: { tint: 'vec3f', scale: 'f32' } } });
    expect(evaluate(closed, [1, 2, 3, 4])).toEqual([1, 2, 3]);
  });

  it('has keys that depend on what is computed, not on names', () => {
    const a = expr`fn a(x: f32, y: f32) -> f32 { let s = x * y; return s + 1.0; }`;
    const b = expr`fn other(u: f32, v: f32) -> f32 { return u * v + 1.0; }`;
    const c = expr`fn a(x: f32, y: f32) -> f32 { return x * y - 1.0; }`;
    expect(a.key).toBe(b.key);
    expect(a.key).not.toBe(c.key);
    expect(expr`fn a(x: f32) -> f32 { return x; }`.key).toMatchInlineSnapshot(`"147bfn0nhgorx72ow6s2b"`);
  });
});

describe('mistakes', () => {
  it.each([
    ['while (x > 0.0) { }', /while loops.*counted for/, 'while'],
    ['let a = x', /expected ';'.*found 'return'/, 'return'],
    ['let a = x + 1u;', /does not take f32 and u32; convert one/, 'x + 1u'],
    ['let a = sqrtt(x);', /unknown function sqrtt; did you mean sqrt\?/, 'sqrtt'],
    ['let a = foo;', /unknown name foo/, 'foo'],
    ['x = 2.0;', /x cannot be changed/, 'x'],
    ['let a = vec3f(1.0).w;', /no component \.w/, 'vec3f(1.0).w'],
    ['let a = vec3f(1.0, x);', /needs 3 components \(or 1\), found/, 'vec3f(1.0, x)'],
    ['if (x) { }', /the condition must be bool, found f32/, 'x'],
    ['sin(x);', /without using its value/, 'sin(x)'],
    ['let a: i32 = x;', /a must be i32, found f32; convert with i32/, 'x'],
    ['let a: mat3x3f = x;', /matrices are not part/, 'mat3x3f'],
    ['let a = f(x);', /f calls itself/, 'f(x)'],
    ['let a = 1; let a = 2;', /a is declared already/, 'let a = 2;'],
    ['for (var i = 0; i < 3; i++) { return x; }', /return inside a loop/, 'return x;'],
    ['for (var i = 0; i < 3; i--) { }', /steps away from its bound/, 'i--'],
    ['var n = 3; for (var i = 0; i < n; i++) { n = 4; }', /changes its own bound \(n\)/, 'n; i++'],
    ['let a = 1.5.x;', /'1\.5\.' is no number/, '1.5'],
    ['let a = clamp(x, 0.0);', /clamp takes 3 arguments, found 2/, 'clamp'],
    ['let a = select(1.0, 2.0, x);', /the condition is f32/, 'select'],
    ['let a = 5000000000;', /does not fit/, '5000000000'],
    ['let a = x # 2;', /unexpected character '#'/, '#'],
  ])('%s', (statement, message, place) => {
    const text = `fn f(x: f32) -> f32 {\n  ${statement}\n  return x;\n}`;
    let error: unknown;
    try {
      parse(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ExprError);
    const { message: found, line, column } = error as ExprError;
    expect(found).toMatch(message);
    expect(found).toMatch(/\^/);
    const lineText = text.split('\n')[line - 1];
    expect(lineText.slice(column - 1).startsWith(place.split('; i++')[0])).toBe(true);
  });

  it('names a path without return, and unfinished text', () => {
    expect(() => parse('fn f(x: f32) -> f32 { if (x > 0.0) { return x; } }')).toThrow(/may end without a return/);
    expect(() => parse('fn f(x: f32) -> f32 { return x;')).toThrow(/found the end of the text/);
    expect(() => parse('')).toThrow(/has no function/);
  });

  it('never crashes on damaged text', () => {
    const good =
      'fn f(x: f32, v: vec3f) -> vec3f { var s = v; for (var i = 0; i < 3; i++) { s += v.zyx * sin(x); } return s; }';
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.nat(4),
        fc.constantFrom('', '(', '}', 'x', '.', '1u', '<', ' = ', '\n'),
        (at, cut, put) => {
          try {
            parse(good.slice(0, at) + put + good.slice(at + cut));
          } catch (error) {
            expect(error).toBeInstanceOf(ExprError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
