import { describe, expect, test } from 'vitest';
import { evaluateNodes } from '../device/reference.js';
import { concat, conv2d, logSoftmax, softmax, tensor, type Tensor } from '../index.js';
import { planOf, type PlanStep } from '../device/plan.js';
import type { AdapterProfile } from '../device/profile.js';
import { schedule } from './schedule.js';

/** An adapter with WebGPU's default limits. */
const profile: AdapterProfile = {
  kind: 'software',
  name: 'default limits',
  shaderF16: false,
  subgroups: false,
  maxWorkgroupInvocations: 256,
  maxBindingBytes: 128 * 2 ** 20,
  maxBufferBytes: 256 * 2 ** 20,
  bindingAlignment: 256,
};

/** The dispatches that compute tensors together. */
const stepsOf = (...roots: Tensor[]): readonly PlanStep[] =>
  planOf(
    schedule(
      roots.map((t) => t.node),
      { profile, fusion: true },
    ),
    profile,
  ).steps;

/** Labels of their kernels. */
const kernels = (...roots: Tensor[]): string[] => stepsOf(...roots).map((s) => s.dispatch.label);

const data = (...shape: number[]): Tensor => tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);

describe('fusion, by number of kernels', () => {
  test('softmax and log-softmax are one kernel', () => {
    expect(kernels(softmax(data(1024, 100), 1))).toHaveLength(1);
    expect(kernels(logSoftmax(data(1024, 100), 1))).toHaveLength(1);
  });

  test('large contiguous maps go by groups of four on software adapters', () => {
    const elements = (t: Tensor, kind: AdapterProfile['kind'] = 'software'): string[] => {
      const plan = planOf(schedule([t.node], { profile, fusion: true }), { ...profile, kind });
      return plan.steps.flatMap((s) => s.dispatch.buffers.map((b) => b.element));
    };
    expect(elements(data(256, 256).mul(data(256)).gt(data(256, 1)))).toEqual(['vec4f', 'vec4f', 'f32', 'vec4u']);
    expect(elements(data(256, 256).exp(), 'hardware')).toEqual(['f32', 'f32']);
    expect(elements(data(256, 258).slice([0, 1], [256, 257]).exp())).toEqual(['f32', 'f32']);
    expect(elements(data(256, 256).transpose().exp())).toEqual(['f32', 'f32']);
  });

  test('products read float16 where it lies, on adapters whose kernels can', () => {
    const half = (...shape: number[]): Tensor => data(...shape).to('float16');
    const reads = (t: Tensor, shaderF16: boolean): string[][] => {
      const able = { ...profile, shaderF16 };
      return planOf(schedule([t.node], { profile: able, fusion: true }), able)
        .steps.filter((s) => /conv|matmul|product/.test(s.dispatch.label))
        .map((s) => s.dispatch.buffers.slice(0, 2).map((b) => b.element));
    };
    const products = [
      conv2d(half(1, 3, 9, 9), half(4, 3, 3, 3), null, { padding: 1, stride: 2 }),
      half(8, 12).transpose().matmul(half(8, 5)),
      half(2, 8, 12).matmul(half(12, 5)),
    ];
    for (const t of products) {
      expect(reads(t, true)).toEqual([['f16', 'f16']]);
      expect(reads(t, false)).toEqual([['f32', 'f32']]);
    }
  });

  test('what is rounded to float16 is stored so, not once more by every reader', () => {
    const able = { ...profile, shaderF16: true };
    const x = data(64, 64).matmul(data(64, 64)).to('float16');
    const [a, b] = [x.mul(2).sum(0), x.mul(3).sum(1)];
    const plan = planOf(schedule([a.node, b.node], { profile: able, fusion: true }), able);
    const [first, ...others] = plan.steps.map((s) => s.dispatch.buffers.map((each) => each.element));
    expect(first).toEqual(['f32', 'f32', 'f16']);
    for (const elements of others) expect(elements[0]).toBe('f16');
  });

  test('what is compared with its own maximum is stored once, behind a view too', () => {
    const y = data(8, 8).mul(data(8, 8)).add(1);
    const place = y.transpose().argMax(0);
    expect(schedule([place.node], { profile, fusion: true }).stored).toContain(y.node);
  });

  test('depthwise convolutions read images without the zeros around them, views too', async () => {
    const padding = [
      [1, 2],
      [0, 1],
    ] as const;
    const elements = Float32Array.from({ length: 27 }, (_, i) => Math.sin(i));
    const weights = tensor(elements, [3, 1, 3, 3]);
    // the same as one group, which is computed in tiles: zeros between channels
    const dense = new Float32Array(81);
    elements.forEach((w, i) => (dense[Math.floor(i / 9) * 36 + (i % 9)] = w));
    const depthwise = (x: Tensor, stride = 1): Tensor => conv2d(x, weights, null, { padding, stride, groups: 3 });
    const pixels = Float32Array.from({ length: 2 * 3 * 5 * 6 }, (_, i) => Math.cos(i));
    const x = tensor(pixels, [2, 3, 5, 6]);
    expect(kernels(depthwise(x))).toHaveLength(1);
    expect(kernels(depthwise(x.sin()))).toHaveLength(2); // the map stores the zeros as well
    expect(kernels(depthwise(x, 2))).toHaveLength(1);
    expect(kernels(depthwise(x, 4))).toHaveLength(2); // windows with pixels between them that nobody reads
    const views = [
      x,
      x.flip([2, 3]),
      x.permute([0, 1, 3, 2]),
      x.slice([1, 2], null, [1, 4]),
      x.slice([0, 1]).expand([4, 3, 5, 6]),
      tensor(pixels, [6, 2, 3, 5]).permute([1, 2, 3, 0]),
    ];
    for (const view of views) {
      const found = depthwise(view);
      expect(kernels(found)).toHaveLength(1);
      const stored = tensor(await view.data(), view.shape);
      const expected = await conv2d(stored, tensor(dense, [3, 3, 3, 3]), null, { padding }).data();
      const values = await found.data();
      expect(values).toHaveLength(expected.length);
      values.forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 4));
    }
  });

  test('layer norm is one kernel', () => {
    const x = data(512, 256);
    const centred = x.sub(x.mean(1, true));
    const normal = centred.mul(centred.square().mean(1, true).add(1e-5).rsqrt());
    expect(kernels(normal.mul(data(256)).add(data(256)))).toHaveLength(1);
  });

  test('the mean of four million squared differences is a pass and a tail', () => {
    expect(
      kernels(
        data(4 * 2 ** 20)
          .sub(data(4 * 2 ** 20))
          .square()
          .mean(),
      ),
    ).toHaveLength(2);
  });

  test('Adam is one kernel, and one per window above the binding limit', () => {
    const adam = (n: number): string[] => {
      const [p, g, m, v] = [leaf(n), leaf(n), leaf(n), leaf(n)] as const;
      const m1 = m.mul(0.9).add(g.mul(0.1));
      const v1 = v.mul(0.999).add(g.square().mul(0.001));
      const p1 = p.sub(m1.mul(1e-3 / 0.1).div(v1.div(0.001).sqrt().add(1e-8)));
      return kernels(m1, v1, p1);
    };
    expect(adam(100_000)).toHaveLength(1);
    expect(adam(40 * 2 ** 20)).toHaveLength(2);
  });

  test('twenty elementwise operations with broadcasts are one kernel', () => {
    let x = data(64, 8, 32);
    const [row, column] = [data(32), data(64, 8, 1)];
    for (let i = 0; i < 10; i++) x = (i % 2 ? x.mul(column) : x.add(row)).tanh();
    expect(kernels(x)).toHaveLength(1);
  });

  test('matmul, bias and activation are one kernel', () => {
    expect(kernels(data(64, 128).matmul(data(128, 32)).add(data(32)).relu())).toHaveLength(1);
  });

  test('cross entropy from logits is two kernels', () => {
    const [logits, labels] = [data(128, 10), data(128, 10)];
    const loss = logSoftmax(logits, 1).mul(labels).sum(1).mean().neg();
    expect(kernels(loss).length).toBeLessThanOrEqual(2);
  });

  test('a kernel never binds more than eight buffers', () => {
    const inputs = Array.from({ length: 30 }, (_, i) => data(16).add(i));
    const sum = Array.from({ length: 30 }, () => data(16)).reduce((a, b) => a.mul(2).add(b));
    const all = [sum, ...inputs.slice(0, 12)];
    for (const step of stepsOf(...all)) expect(step.buffers.length).toBeLessThanOrEqual(8);
    expect(evaluateNodes([sum.node], (n) => Float64Array.from(n.data!))[0]![0]).toBe(0);
  });

  test('nor does the second kernel of long sums, which binds a temporary for each', () => {
    const [a, b] = [data(4, 16, 4096), data(4, 16, 4096)];
    const sums = [a, a.mul(b), b, b.square(), a.square(), a.add(b)].map((x) => x.sum([0, 2]));
    const running = data(16);
    const all = [...sums, running.mul(0.9).add(sums[0]!.mul(0.1))];
    const steps = stepsOf(...all);
    expect(steps.some(({ dispatch }) => dispatch.label.endsWith('(fold)'))).toBe(true);
    for (const step of steps) expect(step.buffers.length).toBeLessThanOrEqual(8);
  });

  test('nor does what continues in a matmul, whose operands are bound too', () => {
    const gradient = data(16, 16).matmul(data(16, 16));
    const [p, m, v, scale] = [data(16, 16), data(16, 16), data(16, 16), data(1)];
    const m1 = m.mul(0.9).add(gradient);
    const v1 = v.mul(0.9).add(gradient.square());
    const all = [m1, v1, p.sub(m1.div(v1.sqrt()).mul(scale))];
    for (const step of stepsOf(...all)) expect(step.buffers.length).toBeLessThanOrEqual(8);
  });

  test('nor does what joins the kernel of a concat, which stores its parts into one buffer', () => {
    const [a, b, c, d, e, f, g] = Array.from({ length: 7 }, () => data(16));
    const [first, second] = [a.div(b), c.div(d)];
    const parts = concat([first.add(second).add(e).add(f), first, e, f]);
    const all = [parts, second.mul(g).sub(a)];
    for (const step of stepsOf(...all)) expect(step.buffers.length).toBeLessThanOrEqual(8);
  });
});

/** A stored tensor without elements on the host: only its size matters here. */
function leaf(n: number): Tensor {
  const t = data(1);
  Object.defineProperty(t.node, 'shape', { value: [n] });
  return t;
}
