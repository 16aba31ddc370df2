import { describe, expect, test } from 'vitest';
import { evaluateNodes, toHostArray } from '../device/reference.js';
import { compile, defineProgram, expr, randn, referenceData, tensor, wgsl, Generator, type Tensor } from '../index.js';

const boxBlur = defineProgram({
  name: 'boxBlur',
  inputs: { image: 'f32[H, W, C]' },
  options: { radius: 'u32' },
  outputs: ({ image }) => ({ blurred: { dtype: 'f32', shape: image.shape } }),
  dispatches: ({ H, W, C }) => [
    {
      workgroups: [Math.ceil((H * W * C) / 64)],
      code: wgsl`@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
        if (id.x >= H * W * C) { return; }
        let at = image_index(id.x);
        var sum = 0.0;
        for (var k = -i32(radius); k <= i32(radius); k++) { sum += image_clamped(at.y, at.x + k, at.c); }
        blurred[id.x] = sum / f32(2 * radius + 1);
      }`,
    },
  ],
  reference: ({ image }, { radius }) => {
    const [, W, C] = image.shape as [number, number, number];
    const at = (y: number, x: number, c: number): number =>
      image.data[(y * W + Math.min(Math.max(x, 0), W - 1)) * C + c]!;
    return {
      blurred: image.data.map((_, i) => {
        const [y, x, c] = [Math.floor(i / (W * C)), Math.floor(i / C) % W, i % C];
        let sum = 0;
        for (let k = -radius; k <= radius; k++) sum += at(y, x + k, c);
        return sum / (2 * radius + 1);
      }),
    };
  },
});

const reference = (t: Tensor): ArrayLike<number> => evaluateNodes([t.node], (n) => toHostArray(n.data!, n.dtype))[0]!;

describe('defineProgram', () => {
  test('runs lazily, fused with what surrounds it, and equals its reference', async () => {
    const photo = tensor(
      Float32Array.from({ length: 5 * 7 * 3 }, (_, i) => Math.sin(i * i)),
      [5, 7, 3],
    );
    const out = boxBlur({ image: photo.mul(2) }, { radius: 2 }).blurred.add(1);
    const expected = reference(out);
    (await out.data()).forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 5));
  });

  test('results that are stored already are read, not computed again, by the reference device', async () => {
    const double = defineProgram({
      name: 'double',
      inputs: { x: 'f32[N]' },
      outputs: ({ x }) => ({ y: { dtype: 'f32', shape: x.shape }, signs: { dtype: 'i32', shape: x.shape } }),
      dispatches: ({ N }) => [
        { items: N, code: wgsl`fn item(i: u32) { y[i] = 2.0 * x[i]; signs[i] = i32(sign(x[i])); }` },
      ],
      reference: ({ x }) => ({ y: x.data.map((v) => 2 * v), signs: x.data.map(Math.sign) }),
    });
    const { y, signs } = double({ x: tensor([1, -2, 3]) });
    await y.data();
    const [stored, sum] = await referenceData(signs, y.add(signs));
    expect([...stored!]).toEqual([1, -1, 1]);
    expect([...sum!]).toEqual([3, -5, 7]);
  });

  test('replays in compiled functions', async () => {
    const gen = new Generator(3);
    const f = compile((x: Tensor) => boxBlur({ image: x }, { radius: 1 }).blurred.sum());
    for (let i = 0; i < 3; i++) {
      const x = randn([4, 4, 1], { generator: gen });
      const expected = await boxBlur({ image: x }, { radius: 1 }).blurred.sum().item();
      expect(await f(x).item()).toBeCloseTo(expected, 4);
    }
  });

  test.each(['private', 'scatter', 'fast'] as const)('accumulates: %s', async (mode) => {
    const square = expr`fn square(x: f32) -> f32 { return x * x; }`;
    const addSquares = wgsl`fn item(i: u32) { accumulate_sums((start + i) % bins, ${square}(x[start + i])); }`;
    const histogram = defineProgram({
      name: 'histogram',
      inputs: { x: 'f32[N]' },
      options: { bins: 'u32', start: 'u32' },
      outputs: (_, { bins }) => ({ sums: { dtype: 'f32', shape: [bins], accumulate: mode } }),
      dispatches: ({ N }) => [
        // in two dispatches: sums go on
        { items: N / 4, options: { start: 0 }, code: addSquares },
        { items: (3 * N) / 4, options: { start: N / 4 }, code: addSquares },
      ],
      reference: ({ x }, { bins }) => {
        const sums = new Float64Array(bins);
        x.data.forEach((v, i) => (sums[i % bins]! += v * v));
        return { sums };
      },
    });
    const x = tensor(Float32Array.from({ length: 10_000 }, (_, i) => Math.cos(i) * 1e-3));
    const { sums } = histogram({ x }, { bins: 27, start: 0 });
    const expected = reference(sums);
    const first = await sums.data();
    first.forEach((v, i) => expect(Math.abs(v / expected[i]! - 1)).toBeLessThan(1e-5));
    if (mode !== 'fast') expect([...(await histogram({ x }, { bins: 27, start: 0 }).sums.data())]).toEqual([...first]);
  });

  test('sums of a coarse resolution round their terms to the nearest step', async () => {
    const collect = defineProgram({
      name: 'collect',
      inputs: { x: 'f32[N]' },
      outputs: ({ x }) => ({ sums: { dtype: 'f32', shape: x.shape, accumulate: 'scatter', resolution: 0.25 } }),
      dispatches: ({ N }) => [{ items: N, code: wgsl`fn item(i: u32) { accumulate_sums(i, x[i]); }` }],
      reference: ({ x }) => ({ sums: x.data.map((v) => Math.round(4 * v) / 4) }),
    });
    const { sums } = collect({ x: tensor([0.2, 0.1, -0.2, -0.3, 0.4, 7.13]) });
    expect([...(await sums.add(0).data())]).toEqual([0.25, 0, -0.25, -0.25, 0.5, 7.25]);
  });

  // keeps the elements above a threshold, in any order, in a list whose length only the GPU knows
  const sumAbove = defineProgram({
    name: 'sumAbove',
    inputs: { x: 'f32[N]' },
    options: { threshold: 'f32' },
    capacity: { initial: () => 4, needed: 'count' },
    outputs: () => ({ count: { dtype: 'u32', shape: [1], atomic: true }, total: { dtype: 'f32', shape: [1] } }),
    scratch: ({ capacity }) => ({ list: { element: 'f32', length: capacity } }),
    dispatches: ({ N }) => [
      {
        items: N,
        code: wgsl`fn item(i: u32) {
          if (x[i] <= threshold) { return; }
          let slot = atomicAdd(&count[0], 1u);
          if (slot < capacity) { list[slot] = x[i]; }
        }`,
      },
      {
        items: 1,
        code: wgsl`fn item(i: u32) {
          var sum = 0.0;
          for (var k = 0u; k < min(atomicLoad(&count[0]), capacity); k++) { sum += list[k]; }
          total[0] = sum;
        }`,
      },
    ],
    reference: ({ x }, { threshold }) => {
      const above = [...x.data].filter((v) => v > threshold);
      return { count: [above.length], total: [above.reduce((a, b) => a + b, 0)] };
    },
  });

  test('capacity: what overflowed is computed again before anyone sees it', async () => {
    const x = tensor(Float32Array.from({ length: 100 }, (_, i) => i));
    const { total, count } = sumAbove({ x }, { threshold: 49.5 });
    expect(await total.mul(2).item()).toBe(2 * (50 + 99) * 25);
    expect(await count.item()).toBe(50);
    const f = compile((y: Tensor) => sumAbove({ x: y }, { threshold: 89.5 }).total.add(1));
    const [a, b] = [f(x), f(x.add(1))];
    const sum = a.add(b);
    expect(await sum.item()).toBe(945 + 1 + 1045 + 1);
    expect(await f(x).item()).toBe(946);
  });

  test('capacity: results that are awaited at the same time', async () => {
    const x = tensor(Float32Array.from({ length: 100 }, (_, i) => i));
    const { total, count } = sumAbove({ x }, { threshold: 49.5 });
    const [sum, half, n] = await Promise.all([
      total.reshape([]).item(),
      total.mul(0.5).item(),
      count.reshape([]).item(),
    ]);
    expect([sum, half, n]).toEqual([(50 + 99) * 25, (50 + 99) * 12.5, 50]);
  });

  test('an array of vectors is a tensor with a last dimension of four', async () => {
    const lengths = defineProgram({
      name: 'lengths',
      inputs: { v: 'vec4f[H, W]', k: 'vec4u[H]' },
      outputs: ({ v }) => ({ y: { dtype: 'f32', shape: v.shape.slice(0, 2) } }),
      dispatches: ({ H, W }) => [
        {
          items: H * W,
          code: wgsl`fn item(i: u32) {
            let at = v_index(i);
            y[i] = length(v[i]) + length(v_clamped(at.y, at.x + 1)) + f32(k[at.y].w);
          }`,
        },
      ],
      reference: ({ v, k }) => {
        const length = (i: number): number => Math.hypot(...v.data.slice(4 * i, 4 * i + 4));
        return {
          y: Float64Array.from(
            { length: 6 },
            (_, i) => length(i) + length(i % 3 < 2 ? i + 1 : i) + k.data[4 * Math.floor(i / 3) + 3]!,
          ),
        };
      },
    });
    const v = tensor(
      Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
      [2, 3, 4],
    );
    const { y } = lengths({ v, k: tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]) });
    const expected = reference(y);
    (await y.data()).forEach((x, i) => expect(x).toBeCloseTo(expected[i]!, 5));
    expect(() => lengths({ v, k: tensor([1, 2], [2, 1]) })).toThrow(/k is declared \[H, 4\]/);
  });

  test('a dispatch may have an option’s value of its own, in replays too', async () => {
    const spread = defineProgram({
      name: 'spread',
      inputs: { x: 'f32[N]' },
      options: { first: 'u32' },
      outputs: ({ x }) => ({ y: { dtype: 'f32', shape: x.shape } }),
      dispatches: () =>
        [0, 2].map((first) => ({
          items: 2,
          options: { first },
          code: wgsl`fn item(i: u32) { y[first + i] = x[first + i] + f32(first); }`,
        })),
      reference: ({ x }) => ({ y: x.data.map((v, i) => v + 2 * Math.floor(i / 2)) }),
    });
    const f = compile((x: Tensor) => spread({ x }, { first: 7 }).y);
    for (let i = 0; i < 2; i++) expect([...(await f(tensor([1, 1, 1, 1])).data())]).toEqual([1, 1, 3, 3]);
    const wrong = defineProgram({
      name: 'wrong',
      inputs: { x: 'f32[N]' },
      outputs: ({ x }) => ({ y: { dtype: 'f32', shape: x.shape } }),
      dispatches: ({ N }) => [{ items: N, options: { last: 1 }, code: wgsl`fn item(i: u32) { y[i] = x[i]; }` }],
      reference: ({ x }) => ({ y: x.data }),
    });
    await expect(wrong({ x: tensor([1]) }).y.data()).rejects.toThrow(/sets "last", which is no option/);
  });

  test('names of sizes and options are free in expressions, in other modules and in the engine’s own', async () => {
    const half = expr`fn half(size: f32) -> f32 { let N = size * 0.5; return N; }`;
    const helper = wgsl`fn twice(size: f32) -> f32 { return size + size; }`;
    const program = defineProgram({
      name: 'names',
      inputs: { x: 'f32[N]' },
      options: { size: 'u32', low: 'f32' },
      outputs: (_, { size }) => ({ sums: { dtype: 'f32', shape: [size], accumulate: 'scatter' } }),
      dispatches: ({ N }) => [
        { items: N, code: wgsl`${helper} fn item(i: u32) { accumulate_sums(i % size, twice(${half}(x[i])) + low); }` },
      ],
      reference: () => ({ sums: [] }),
    });
    const { sums } = program({ x: tensor([1, 2, 3, 4]) }, { size: 2, low: 10 });
    expect([...(await sums.data())]).toEqual([24, 26]);
  });

  test('says what does not fit', () => {
    expect(() => boxBlur({ image: tensor([1, 2]) }, { radius: 1 })).toThrow(
      /image is declared \[H, W, C\], got .*\[2\]/,
    );
    expect(() => boxBlur({ image: tensor([[[1]]]) }, { radius: -1 })).toThrow(/radius must be a number of type u32/);
    const taken = defineProgram({
      name: 'taken',
      inputs: { u: 'f32[N]' },
      outputs: ({ u }) => ({ y: { dtype: 'f32', shape: u.shape } }),
      dispatches: ({ N }) => [{ items: N, code: wgsl`fn item(i: u32) { y[i] = u[i]; }` }],
      reference: ({ u }) => ({ y: u.data }),
    });
    expect(() => reference(taken({ u: tensor([1]) }).y)).toThrow(/taken: a buffer cannot be called u/);
    expect(() => defineProgram({ name: 'p', inputs: { x: 'float[3]' } } as never)).toThrow(/declared as "float\[3\]"/);
  });
});
