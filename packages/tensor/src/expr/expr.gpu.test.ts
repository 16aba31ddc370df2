import { describe, expect, it } from 'vitest';
import { kernelOf, runOnGPU } from './gpu.testing.js';
import type { Kernel } from './gpu.testing.js';
import { randomBody, randomFrom } from './programs.testing.js';
import {
  build,
  compileToJS,
  errorInUlp,
  expr,
  isWithin,
  normal2,
  ops,
  parse,
  philox,
  tolerances,
  vjp,
  wgslTarget,
} from './index.js';
import type { ExprFunction, OpName } from './index.js';

const { fround } = Math;

/** f32 numbers over a range: half evenly, half by magnitude, and some near 1, where logarithms are delicate. */
function samples([low, high]: readonly [number, number], n: number): number[] {
  const values = Array.from({ length: n }, (_, k) => {
    const t = (k + 0.37) / n;
    if (k % 2) return low + (high - low) * t;
    if (k % 8 === 0) return 0.5 + 1.5 * t;
    const from = low > 0 ? low : 1e-6;
    return (low < 0 && k % 4 ? -1 : 1) * from * (Math.max(high, -low) / from) ** t;
  });
  return values.map((x) => fround(Math.min(high, Math.max(low, x))));
}

const operation = (op: OpName, arity: number): ExprFunction =>
  build(
    'f',
    ['x', 'y'].slice(0, arity).map((name) => ({ name, type: 'f32' })),
    'f32',
    (g, ...x) => g.apply(op, ...x),
  );

describe('operations on the GPU', () => {
  const functions = Object.entries(tolerances).filter(
    ([op]) => !/^(add|sub|mul|neg|abs|floor|ceil|trunc|sign)$/.test(op),
  );
  it.each(functions)('%s is as accurate as its tolerance says', async (name, tolerance) => {
    const op = name as OpName;
    const n = 20000;
    const columns = tolerance.range.map((r, k) => {
      const column = samples(r, n);
      return k === 0 ? column : column.map((_, i) => column[(i * 7919) % n]);
    });
    const [values] = await runOnGPU(kernelOf(operation(op, columns.length)), columns);
    const wrong = values.flatMap((value, i) => {
      const [a, b] = columns.map((c) => c[i]);
      const exact = ops[op].evaluate.f32(a, b, 0);
      if ((exact !== 0 && Math.abs(exact) < 1.2e-38) || isWithin(tolerance, value, exact)) return [];
      return [`${op}(${a}, ${b}) = ${value}, exact ${exact}: ${errorInUlp(value, exact)} ulp`];
    });
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  it('gives NaN and infinities where C and PyTorch do', async () => {
    const special = [0, 1, -1, 0.5, -2, 3, 1e30, -1e30, Infinity, -Infinity, NaN];
    const pairs = special.flatMap((x) => special.map((y) => [x, y] as const));
    const x = pairs.map((p) => p[0]);
    const y = pairs.map((p) => p[1]);
    const unary = [
      'exp',
      'exp2',
      'expm1',
      'log',
      'log2',
      'log1p',
      'asinh',
      'acosh',
      'atanh',
      'tanh',
      'sinh',
      'cosh',
      'erf',
      'atan',
    ] as const;
    const all = build(
      'f',
      [
        { name: 'x', type: 'f32' },
        { name: 'y', type: 'f32' },
      ],
      'vec4f',
      (g, a, b) => [g.apply('pow', a, b), g.apply('atan2', a, b), g.apply('asin', a), g.apply('sin', a)],
    );
    const check = (name: string, value: number, exact: number): void => {
      const good = Number.isNaN(exact) ? Number.isNaN(value) : errorInUlp(value, fround(exact)) <= 4;
      if (!good) expect.fail(`${name}: ${value} instead of ${exact}`);
    };
    const [powers, angles, arcs, sines] = await runOnGPU(kernelOf(all), [x, y]);
    pairs.forEach(([a, b], i) => {
      check(`pow(${a}, ${b})`, powers[i], ops.pow.evaluate.f32(a, b, 0));
      check(`atan2(${a}, ${b})`, angles[i], Math.atan2(a, b));
      check(`asin(${a})`, arcs[i], Math.asin(a));
      if (Math.abs(a) < 1e6 || !Number.isFinite(a)) check(`sin(${a})`, sines[i], Math.sin(a));
    });
    for (const op of unary) {
      const [values] = await runOnGPU(kernelOf(operation(op, 1)), [special]);
      special.forEach((a, i) => check(`${op}(${a})`, values[i], ops[op].evaluate.f32(a, 0, 0)));
    }
  });

  it('tells NaN from numbers, and propagates it where asked', async () => {
    const fn = expr`fn f(x: f32, y: f32) -> vec4f {
      return vec4f(maximum(x, y), minimum(x, y), clamp(x, 0.0, 1.0), select(0.0, 1.0, isnan(x)) + select(0.0, 2.0, isinf(y)));
    }`;
    const x = [1, NaN, 2, NaN, -3];
    const y = [2, 1, NaN, NaN, Infinity];
    const [max, min, clamped, told] = await runOnGPU(kernelOf(fn), [x, y]);
    expect(max).toEqual([2, NaN, NaN, NaN, Infinity]);
    expect(min).toEqual([1, NaN, NaN, NaN, -3]);
    expect(clamped).toEqual([1, NaN, 1, NaN, 0]);
    expect(told).toEqual([0, 1, 0, 1, 2]);
  });
});

describe('emitted text', () => {
  /** A text as it is, without the parser in between: our text is WGSL. */
  const original = (fn: ExprFunction, declarations = ''): Kernel => ({
    ...kernelOf(fn),
    code: declarations + fn.source!,
  });

  it.each([
    [
      expr`fn lobe(n: vec3f, l: vec3f, r: f32, k: i32) -> vec3f {
        let h = normalize(n + l);
        var d = saturate_(dot(h, n));
        var sum = vec3f(0.0);
        for (var i = 0; i < k; i++) {
          let w = pow(d, 1.0 / (r + f32(i)));
          if (w > 0.5) { sum += w * n.yzx; } else { sum.y -= 0.25 * w; }
          d = fract(d * 1.7 + 0.1);
        }
        if (sum.x < 0.0) { return -sum; }
        return mix(sum, cross(n, l), vec3f(0.25)) + smoothstep(0.0, 1.0, r) * reflect(l, h);
      }
      fn saturate_(x: f32) -> f32 { return clamp(x, 0.0, 1.0); }
      fn main_(nx: f32, ny: f32, lx: f32, ly: f32, r: f32, k: i32) -> vec3f {
        return lobe(normalize(vec3f(nx, ny, 1.0)), normalize(vec3f(lx, ly, 2.0)), r, k);
      }`,
      (i: number) => [Math.sin(i), Math.cos(3 * i), Math.sin(5 * i), Math.cos(i * i), 0.2 + (i % 7) / 7, i % 5],
    ],
    [
      expr`fn mixed(a: i32, b: u32, x: f32) -> vec4i {
        let low = select(a, -a, a < 0) % 17;
        let bits = (b << 3u) ^ (b >> 5u) ^ bitcast<u32>(x);
        let wrapped = a * 1664525 + 1013904223;
        return vec4i(low / 3, bitcast<i32>(bits), wrapped & 0x7fff, ~i32(floor(x)) | i32(b > 7u && x > 0.0));
      }`,
      (i: number) => [((i * 7919) % 1000) - 500, (i * 2654435761) >>> 0, Math.sin(i) * 10],
    ],
  ] as const)('computes what the original text computes', async (fn, row) => {
    const rows = Array.from({ length: 512 }, (_, i) => row(i));
    const columns = fn.inputs.map((v, k) => rows.map((r) => (v.type === 'f32' ? fround(r[k]) : r[k])));
    const ours = await runOnGPU(kernelOf(fn, wgslTarget({ builtins: true })), columns);
    const accurate = await runOnGPU(kernelOf(fn), columns);
    const theirs = await runOnGPU(original(fn), columns);
    const js = compileToJS(fn);
    rows.forEach((_, i) => {
      const exact = js(...columns.map((c) => c[i]));
      exact.forEach((x, k) => {
        expect(ours[k][i]).toBeCloseTo(theirs[k][i], 4);
        expect(accurate[k][i]).toBeCloseTo(x, 4);
      });
    });
  });

  it('of gradients is right through branches and loops', async () => {
    const fn = expr`fn f(a: f32, x: f32, n: u32) -> f32 {
      var s = x;
      var t = 0.0;
      for (var i = 0u; i < n; i++) {
        if (s > 0.0) { t += s * a + log1p(s); } else { t -= tanh(s); }
        s = sin(s + f32(i)) * a;
      }
      return t;
    }`;
    const gradient = vjp(fn, [true, true, false]);
    const rows = Array.from({ length: 256 }, (_, i) => [0.8 + 0.3 * Math.sin(i), Math.cos(5 * i), i % 9, 1]);
    const columns = [0, 1, 2, 3].map((k) => rows.map((r) => fround(r[k])));
    const values = await runOnGPU(kernelOf(gradient), columns);
    const js = compileToJS(gradient);
    rows.forEach((_, i) => {
      const exact = js(...columns.map((c) => c[i]));
      exact.forEach((x, k) => expect(Math.abs(values[k][i] - x)).toBeLessThan(1e-4 * (1 + Math.abs(x))));
    });
  });

  it('of random programs computes what the interpreter computes', async () => {
    const random = randomFrom(20);
    let wrong = 0;
    for (let program = 0; program < 8; program++) {
      const fn = parse(`fn f(x: f32, y: f32, z: f32, n: i32) -> f32 {\n${randomBody(random)}}`).entry;
      const count = 256;
      const column = (): number[] => Array.from({ length: count }, () => fround(random() * 4 - 2));
      const columns = [column(), column(), column(), Array.from({ length: count }, (_, i) => i % 4)];
      const [values] = await runOnGPU(kernelOf(fn), columns);
      const js = compileToJS(fn);
      values.forEach((value, i) => {
        const [exact] = js(...columns.map((c) => c[i]));
        if (!(Math.abs(value - exact) <= 1e-4 * (1 + Math.abs(exact)))) wrong++;
      });
    }
    // f32 may take the other branch where the two sides of a comparison nearly agree
    expect(wrong).toBeLessThan(8 * 256 * 0.01);
  });

  it('draws the same random bits as the interpreter, and normals within 1e-6', async () => {
    const n = 2000;
    const word = (k: number): number[] =>
      Array.from({ length: n }, (_, i) => Math.imul(i + 1, 0x9e3779b1 + 77 * k) >>> 0);
    const columns = [0, 1, 2, 3, 4, 5].map(word);
    const bits = await runOnGPU(kernelOf(philox), columns);
    const exact = compileToJS(philox);
    const pairs = await runOnGPU(kernelOf(normal2), [bits[0], bits[1]]);
    const pair = compileToJS(normal2);
    for (let i = 0; i < n; i++) {
      expect(bits.map((b) => b[i])).toEqual(exact(...columns.map((c) => c[i])));
      const [a, b] = pair(bits[0][i], bits[1][i]);
      expect(Math.abs(pairs[0][i] - a)).toBeLessThan(1e-6);
      expect(Math.abs(pairs[1][i] - b)).toBeLessThan(1e-6);
    }
  });
});
