import { expect, test } from 'vitest';
import { concat, Parameter, printGraph, sort, tensor } from '../index.js';

test('prints a graph, inputs first, shared nodes once', () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  const y = x.sub(x.max(1, true)).transpose().slice([1, 2]);
  expect(printGraph(concat([y, y.mul(2)]))).toMatchInlineSnapshot(`
    "%1 = given : float32[2, 2]
    %2 = max over [1] %1 : float32[2]
    %3 = reshape %2 : float32[2, 1]
    %4 = expand %3 : float32[2, 2]
    %5 = sub %1 %4 : float32[2, 2]
    %6 = permute [1, 0] %5 : float32[2, 2]
    %7 = slice from [1, 0] by [1, 1] %6 : float32[1, 2]
    %8 = 2 : float32[]
    %9 = reshape %8 : float32[1, 1]
    %10 = expand %9 : float32[1, 2]
    %11 = mul %7 %10 : float32[1, 2]
    %12 = concat along 0 %7 %11 : float32[2, 2]"
  `);
});

test('prints several tensors, results of programs and gradients', () => {
  const { values, indices } = sort(new Parameter([3, 1, 2]));
  expect(printGraph([values, indices])).toMatchInlineSnapshot(`
    "%1 = given : float32[3]
    %2 = reshape %1 : float32[3] grad
    %3 = program sort %2 : float32[] grad
    %4 = result 0 of %3 : float32[3] grad
    %5 = result 1 of %3 : int32[3]"
  `);
});

test('prints Mermaid', () => {
  expect(printGraph(tensor([1, 2]).add(1), 'mermaid')).toMatchInlineSnapshot(`
    "flowchart TD
      n1["given<br>float32[2]"]
      n2["1<br>float32[]"]
      n3["reshape<br>float32[1]"]
      n4["expand<br>float32[2]"]
      n5["add<br>float32[2]"]
      n2 --> n3
      n3 --> n4
      n1 --> n5
      n4 --> n5"
  `);
});

test('what has been computed is an end', async () => {
  const x = tensor([1, 2]).mul(3);
  await x.data();
  expect(printGraph(x.sum())).toMatchInlineSnapshot(`
    "%1 = stored : float32[2]
    %2 = sum over [0] %1 : float32[]"
  `);
});

test('prints long graphs', () => {
  let x = tensor([1]);
  for (let i = 0; i < 20_000; i++) x = x.add(1);
  expect(printGraph(x).split('\n')).toHaveLength(1 + 3 * 20_000);
});
