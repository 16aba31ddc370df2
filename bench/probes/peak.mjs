// Buffers that a step of the autograd suite needs at its peak, in a process of its own: nothing else is pooled there.
// Arguments: case, and `compiled`.
import { compile, idle, memory, realize, tidy } from '@chiaro/autograd';
import { autogradCases } from '../lib/autogradCases.mjs';
import { openEngine } from '../lib/engine.mjs';

const [name, compiled] = process.argv.slice(2);
const { adapter } = await openEngine();
const { state, step, args } = autogradCases[name]();
await idle();
const total = () => memory().liveBytes + memory().pooledBytes;
const before = total() + state.reduce((sum, t) => sum + 4 * t.size, 0);
const run = compiled ? compile(step) : (...given) => tidy(() => step(...given));
for (let i = 0; i < 2; i++) {
  const result = run(...args());
  if (!compiled) await realize(result);
  await idle();
  result.dispose();
}
console.log(JSON.stringify({ adapter, peak_mb: (total() - before) / 2 ** 20 }));
