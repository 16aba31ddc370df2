// JavaScript milliseconds of one call of a compiled step with 50 kernels: forward, backward and Adam of a small
// network of 17 layers, written out by hand. Arguments: calls.
import { Cell, compile, idle, Parameter, tensor } from '@chiaro/tensor';
import { openEngine } from '../lib/engine.mjs';
import { fill } from '../lib/inputs.mjs';
import { median, round } from '../lib/rows.mjs';

const calls = Number(process.argv[2] ?? 300);
const [layers, width, batch] = [17, 32, 64];

const { adapter } = await openEngine();
const weights = Array.from({ length: layers }, (_, i) => ({
  w: new Parameter(tensor(fill(width * width, i, 0.3), [width, width])),
  m: new Cell(tensor(new Float32Array(width * width), [width, width])),
  v: new Cell(tensor(new Float32Array(width * width), [width, width])),
}));

const step = compile((x, y, rate) => {
  const inputs = [];
  let h = x;
  for (const { w } of weights) {
    inputs.push(h);
    h = h.matmul(w).tanh();
  }
  const error = h.sub(y);
  let gradient = error.mul(2 / (batch * width));
  for (let i = layers - 1; i >= 0; i--) {
    const { w, m, v } = weights[i];
    const before = gradient.mul(h.square().neg().add(1));
    const own = inputs[i].transpose().matmul(before);
    gradient = before.matmul(w.transpose());
    h = inputs[i];
    m.assign(m.mul(0.9).add(own.mul(0.1)));
    v.assign(v.mul(0.999).add(own.square().mul(0.001)));
    w.assign(w.sub(m.mul(rate).div(v.sqrt().add(1e-8))));
  }
  return error.square().mean();
});

const x = tensor(fill(batch * width, 100), [batch, width]);
const y = tensor(fill(batch * width, 101), [batch, width]);
const times = [];
let [first, last] = [0, 0];
for (let i = 0; i < calls; i++) {
  const start = performance.now();
  const loss = step(x, y, 0.001);
  times.push(performance.now() - start);
  if (i === 0 || i === calls - 1) [first, last] = [first || (await loss.item()), await loss.item()];
  else await idle();
  loss.dispose();
}
if (!(last < first)) throw new Error(`the loss went from ${first} to ${last}`);
times.splice(0, 20); // until V8 has compiled it
const figures = { kernels: step.kernels[0], ms_median: round(median(times)), ms_min: round(Math.min(...times)) };
console.log(JSON.stringify({ adapter, ...figures, runs: times.length }));
