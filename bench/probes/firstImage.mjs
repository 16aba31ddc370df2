// The first image of the path tracer in a process of its own, from its start; and the first gradients with `gradients`.
import { idle, noGrad, realize } from '@chiaro/autograd';
import { openEngine } from '../lib/engine.mjs';
import { frame } from '../lib/frameCase.mjs';

const { adapter } = await openEngine();
const { name, parameters, image } = await frame();
if (process.argv[2] === 'gradients') {
  const loss = image().square().mean();
  loss.backward();
  await realize(loss, ...Object.values(parameters).map((p) => p.grad));
  await idle();
} else {
  const mean = await noGrad(() => image().mean()).item();
  if (!(mean > 0.01 && mean < 1)) throw new Error(`the mean of the image is ${mean}`);
}
console.log(JSON.stringify({ adapter, mesh: name, ms: performance.now() }));
