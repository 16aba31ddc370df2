// Resident size while plain user code uploads 600 tensors of 4 MiB. Arguments: uploads, `compiled` to feed a compiled
// step that nobody waits for, as a training loop does.
import { compile, idle, tensor } from '@chiaro/tensor';
import { openEngine } from '../lib/engine.mjs';
import { fill } from '../lib/inputs.mjs';
import { MemoryCurve } from '../lib/memoryCurve.mjs';

const uploads = Number(process.argv[2] ?? 600);
const { adapter } = await openEngine();
const block = fill(2 ** 20, 1);
const expected = block.reduce((sum, v) => sum + v, 0);
const curve = new MemoryCurve();
const start = performance.now();

function check(sum) {
  if (!(Math.abs(sum - expected) < 0.05)) throw new Error(`the sum is ${sum} instead of ${expected}`);
}

if (process.argv[3] === 'compiled') {
  const step = compile((x) => x.sum());
  for (let i = 1; i <= uploads; i++) {
    const x = tensor(block);
    const sum = step(x);
    if (i % 20 === 0) {
      check(await sum.item());
      curve.note(i);
    }
    sum.dispose();
    x.dispose();
  }
  await idle();
} else {
  for (let i = 1; i <= uploads; i++) {
    check(await tensor(block).sum().item());
    if (i % 20 === 0) curve.note(i);
  }
}
const ms = (performance.now() - start) / uploads;
console.log(JSON.stringify({ adapter, ms, runs: uploads, ...curve.figures, curve: curve.points }));
