// The engine inside a worker, of Node or of a browser: what it is sent, it computes with, and it sends the results back.
import { compile, Parameter, tensor } from '@chiaro/tensor';

const target = tensor([1, -2, 3]);
const w = new Parameter([0, 0, 0]);
const step = compile((rate) => {
  w.assign(w.sub(w.sub(target).mul(2).mul(rate)));
  return w.sub(target).square().sum();
});

/** Warms the step up, runs it and gives the parameter and the loss of each step. */
export async function descend({ rate, steps }) {
  await step.warm(rate);
  const losses = [];
  for (let i = 0; i < steps; i++) losses.push(await step(rate).item());
  return { losses, values: await w.data() };
}
