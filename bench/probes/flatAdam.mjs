// Adam over one flat parameter, as large as a network of 61 million weights (AlexNet's): every tensor of it is larger than
// many adapters bind at once. Three elements are compared with Adam in float64. Arguments: elements, steps.
import { arange, compile, idle, memory, Parameter, zeros } from '@chiaro/tensor';
import '@chiaro/autograd';
import { Adam } from '@chiaro/nn';
import { openEngine } from '../lib/engine.mjs';
import { MemoryCurve } from '../lib/memoryCurve.mjs';

const size = Number(process.argv[2] ?? 61_000_000);
const steps = Number(process.argv[3] ?? 10);
const lr = 0.05;
const { adapter } = await openEngine();
const flat = new Parameter(zeros([size]));
const adam = new Adam([flat], { lr });
const target = (i) => (i % 97) / 64 - 0.5;
const step = compile(() => {
  const loss = flat.sub(arange(size).remainder(97).to('float32').div(64).sub(0.5)).square().sum();
  loss.backward();
  adam.step();
  adam.zeroGrad();
  return loss;
});

step();
await idle();
const curve = new MemoryCurve();
let [peakBytes, fastest] = [0, Infinity];
for (let i = 1; i < steps; i++) {
  const before = performance.now();
  step();
  await idle();
  fastest = Math.min(fastest, performance.now() - before);
  peakBytes = Math.max(peakBytes, memory().liveBytes + memory().pooledBytes);
  curve.note(i);
}

/** An element after all steps, in float64. */
function expected(i) {
  let [x, m, v] = [0, 0, 0];
  for (let t = 1; t <= steps; t++) {
    const g = 2 * (x - target(i));
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    x -= (lr * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
  }
  return x;
}
for (const i of [0, Math.floor(size / 2), size - 1]) {
  const found = await flat
    .slice([i, i + 1])
    .sum()
    .item();
  if (!(Math.abs(found - expected(i)) < 1e-4)) throw new Error(`element ${i} is ${found} instead of ${expected(i)}`);
}
const figures = { kernels: step.kernels[0], gpu_MiB: Math.round(peakBytes / 2 ** 20) };
console.log(JSON.stringify({ adapter, ms: fastest, runs: steps, ...figures, ...curve.figures, curve: curve.points }));
