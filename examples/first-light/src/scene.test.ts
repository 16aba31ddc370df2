import { elementwise, tensor } from '@chiaro/tensor';
import { evaluate } from '@chiaro/tensor/expr';
import { expect, test } from 'vitest';
import { lightPath } from './scene.js';

test('light paths on the GPU are those of the float64 interpreter', async () => {
  const [width, height] = [640, 400];
  const x = Array.from({ length: 96 }, (_, i) => (i * 397) % width);
  const y = Array.from({ length: 96 }, (_, i) => (i * 151) % height);
  const bits = x.map((_, i) => (i * 2654435761) % 2 ** 32);
  const int = (values: number[]): ReturnType<typeof tensor> => tensor(values, { dtype: 'int32' });
  const seeds = tensor(Uint32Array.from(bits));
  const found = await elementwise(lightPath, int(x), int(y), seeds, 5, width, height).data();
  let alike = 0;
  let largest = 0;
  x.forEach((_, i) => {
    const expected = evaluate(lightPath, [x[i]!, y[i]!, bits[i]!, 5, width, height]);
    const error = Math.max(...expected.map((v, k) => Math.abs(v - found[3 * i + k]!) / (0.05 + v)));
    if (error < 1e-3) alike++;
    largest = Math.max(largest, ...expected);
  });
  expect(largest).toBeGreaterThan(0.5);
  // a path that grazes an edge may end elsewhere in float32
  expect(alike).toBeGreaterThanOrEqual(0.9 * x.length);
});
