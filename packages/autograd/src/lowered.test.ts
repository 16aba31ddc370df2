import { describe, expect, test } from 'vitest';
import { schedule, type Node } from '@chiaro/tensor/engine';
import { conv2d, grad, tensor, zeros, type Tensor } from './index.js';

const profile = {
  kind: 'software',
  name: 'test',
  shaderF16: false,
  subgroups: false,
  maxWorkgroupInvocations: 256,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 28,
  bindingAlignment: 256,
} as never;

/** The kernels that compute tensors: what each is, and the shape of everything it stores. */
function kernels(...tensors: readonly Tensor[]): string {
  const { calls } = schedule(
    tensors.map((t) => t.node),
    { profile, fusion: true },
  );
  const shape = (node: Node, index = 0): string =>
    `[${(node.is('program') ? node.attrs.outputs[index]!.shape : node.shape).join(', ')}]`;
  return calls
    .map((call) => {
      if (call.kind === 'program') return `program ${call.node.attrs.name} -> ${shape(call.node)}`;
      if (call.kind === 'matmul') return `${call.product.node.prim} -> ${shape(call.product.node)}`;
      const stores = [...call.innerStores, ...call.outerStores].map(({ buffer: id }) =>
        id.kind === 'node' ? shape(id.node, id.index) : `[${id.size}]`,
      );
      const partials = call.partials.map(() => 'partial sums');
      return `${call.label} -> ${[...stores, ...partials].join(' ')}`;
    })
    .join('\n');
}

describe('gradients as kernels', () => {
  test('matmul: two matmuls, nothing of M x K x N', () => {
    const [a, b, g] = [
      tensor(new Float32Array(12), [3, 4]),
      tensor(new Float32Array(20), [4, 5]),
      tensor(new Float32Array(15), [3, 5]),
    ];
    const [da, db] = grad(([x, y]: [Tensor, Tensor]) => x.matmul(y).mul(g).sum())([a, b]);
    expect(kernels(da, db)).toMatchInlineSnapshot(`
      "matmul -> [3, 4]
      matmul -> [4, 5]"
    `);
  });

  test('a transposed matrix on the right, as in a linear layer: its gradient comes in its own layout', () => {
    const [x, w, g] = [
      tensor(new Float32Array(12), [3, 4]),
      tensor(new Float32Array(20), [5, 4]),
      tensor(new Float32Array(15), [3, 5]),
    ];
    const dw = grad((m: Tensor) => x.matmul(m.transpose()).mul(g).sum())(w);
    expect(kernels(dw)).toBe('matmul -> [5, 4]');
  });

  test('one matrix for all batches: its gradient is one product', () => {
    const [a, b, g] = [
      tensor(new Float32Array(24), [2, 3, 4]),
      tensor(new Float32Array(20), [4, 5]),
      tensor(new Float32Array(30), [2, 3, 5]),
    ];
    const [da, db] = grad(([x, y]: [Tensor, Tensor]) => x.matmul(y).mul(g).sum())([a, b]);
    expect(kernels(da, db)).toMatchInlineSnapshot(`
      "matmul -> [6, 4]
      matmul -> [4, 5]"
    `);
  });

  test('gather: one scatter; the index stays a column', () => {
    const [table, g] = [tensor(new Float32Array(12), [4, 3]), tensor(new Float32Array(18), [6, 3])];
    const index = zeros([6], { dtype: 'int32' });
    expect(kernels(grad((t: Tensor) => t.indexSelect(0, index).mul(g).sum())(table))).toMatchInlineSnapshot(`
      "copy -> [6]
      program scatterAdd -> [4, 3]"
    `);
  });

  test('convolution: convolutions, and nothing of the size of all windows', () => {
    const g = tensor(new Float32Array(160), [2, 5, 4, 4]);
    const layer = { stride: 2, padding: 1 };
    const run = grad((p: { x: Tensor; w: Tensor }) => conv2d(p.x, p.w, null, layer).mul(g).sum());
    const made = run({
      x: tensor(new Float32Array(384), [2, 3, 8, 8]),
      w: tensor(new Float32Array(135), [5, 3, 3, 3]),
    });
    expect(kernels(made.x)).toMatchInlineSnapshot(`
      "pad -> [5, 3, 4, 4]
      copy -> [12, 5, 2, 2]
      pad -> [2, 5, 6, 6]
      conv -> [2, 12, 5, 5]
      copy -> [2, 3, 5, 2, 5, 2]
      copy -> [2, 3, 8, 8]"
    `);
    expect(kernels(made.w)).toMatchInlineSnapshot(`
      "pad -> [2, 3, 10, 10]
      copy -> [5, 2, 4, 4]
      conv -> [3, 5, 3, 3]
      copy -> [5, 3, 3, 3]"
    `);
  });

  test('softmax', () => {
    const [x, g] = [tensor(new Float32Array(12), [3, 4]), tensor(new Float32Array(12), [3, 4])];
    expect(kernels(grad((t: Tensor) => t.softmax(1).mul(g).sum())(x))).toMatchInlineSnapshot(
      `"max sub exp sum div_vjp add exp_vjp -> [3, 4]"`,
    );
  });

  test('a chain of elementwise operations: one kernel', () => {
    const x = tensor(new Float32Array(12), [3, 4]);
    expect(kernels(grad((t: Tensor) => t.mul(2).sin().exp().square().mean())(x))).toMatchInlineSnapshot(
      `"mul sin exp mul_vjp add exp_vjp sin_vjp -> [3, 4]"`,
    );
  });
});
