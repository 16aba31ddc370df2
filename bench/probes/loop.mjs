// Memory over 10,000 iterations of plain user code: no tidy, no dispose, no exposed garbage collector; a parameter that
// is assigned, temporaries that are dropped, a number that is read. Arguments: iterations.
import { idle, Parameter, tensor } from '@chiaro/tensor';
import { openEngine } from '../lib/engine.mjs';
import { fill } from '../lib/inputs.mjs';
import { MemoryCurve } from '../lib/memoryCurve.mjs';

const iterations = Number(process.argv[2] ?? 10_000);
const { adapter } = await openEngine();
const [rows, columns] = [256, 64];
const data = fill(rows * columns, 1);
const w = new Parameter(tensor(fill(columns, 2), [columns, 1]));
const curve = new MemoryCurve();
const start = performance.now();
for (let i = 1; i <= iterations; i++) {
  const x = tensor(data, [rows, columns]);
  const y = x.matmul(w).tanh();
  const gradient = x.transpose().matmul(y.mul(y.square().neg().add(1)));
  w.assign(w.sub(gradient.mul(1e-4)));
  const loss = await y.square().mean().item();
  if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss} after ${i} iterations`);
  // often, so that every quarter of the curve has points right after a collection
  if (i % Math.ceil(iterations / 400) === 0) curve.note(i);
}
await idle();
const ms = (performance.now() - start) / iterations;
console.log(JSON.stringify({ adapter, ms, runs: iterations, ...curve.figures, curve: curve.points }));
