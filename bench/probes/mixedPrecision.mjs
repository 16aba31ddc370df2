// The CNN training step in mixed precision against float32: milliseconds (least of many), bytes that kernels are bound to,
// bytes of buffers at the peak. One precision per process, since pools are shared. Arguments: float32 or mixed, steps.
import { compile, idle, memory, profile } from '@chiaro/autograd';
import { GradScaler } from '@chiaro/nn';
import { openEngine } from '../lib/engine.mjs';
import { networkCases } from '../lib/networkCases.mjs';
import { cnnStep } from '../lib/networkSteps.mjs';
import { round } from '../lib/rows.mjs';

const [precision = 'float32', count = '20'] = process.argv.slice(2);
const { adapter } = await openEngine();
const scaler = precision === 'mixed' ? await GradScaler.create() : undefined;
const { state, step } = cnnStep(networkCases.cnn_step.inputs(), scaler);
await idle();
const total = () => memory().liveBytes + memory().pooledBytes;
const before = total() + state.reduce((sum, t) => sum + 4 * t.size, 0);
const run = compile(step);
const losses = [];
const times = [];
for (let i = 0; i < Number(count); i++) {
  const start = performance.now();
  const loss = run();
  losses.push(await loss.item());
  await idle();
  loss.dispose();
  times.push(performance.now() - start);
}
const { kernels } = await profile(() => run().item());
console.log(
  JSON.stringify({
    ...{ adapter, precision, ms: round(Math.min(...times)), kernels: kernels.length },
    bound_mb: round(kernels.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20),
    peak_mb: round((total() - before) / 2 ** 20),
    losses: [losses[0], losses.at(-1)].map(round),
  }),
);
