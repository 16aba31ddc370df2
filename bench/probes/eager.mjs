// Milliseconds of JavaScript to build, plan and submit a graph of 50 operations that has not been seen before by the
// scheduler, though its kernels have. Arguments: calls.
import { idle, realize, tensor } from '@chiaro/tensor';
import { openEngine } from '../lib/engine.mjs';
import { fill } from '../lib/inputs.mjs';
import { median, round } from '../lib/rows.mjs';

const calls = Number(process.argv[2] ?? 200);
const { adapter } = await openEngine();
const w = tensor(fill(1024, 1, 0.3), [32, 32]);
const x = tensor(fill(1024, 2), [32, 32]);
await realize(w, x);

/** Ten times five operations: a product, its activation, and a normalisation of the rows. */
function graph() {
  let h = x;
  for (let i = 0; i < 10; i++) {
    h = h.matmul(w).tanh();
    const centred = h.sub(h.mean(1, true));
    h = centred.mul(0.5);
  }
  return h;
}

const times = [];
for (let i = 0; i < calls; i++) {
  const start = performance.now();
  const h = graph();
  await realize(h);
  times.push(performance.now() - start);
  await idle();
  h.dispose();
}
times.splice(0, 20);
console.log(
  JSON.stringify({ adapter, ms_median: round(median(times)), ms_min: round(Math.min(...times)), runs: times.length }),
);
