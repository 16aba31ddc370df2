// Milliseconds of the longest dispatch of a path-traced image, and of its gradients: none may run above a second on the
// slowest adapter. Arguments: the room at so many surfaces (7 by default), or `frame`, the face with the gradients of all
// edges. CHIARO_GPU=swiftshader chooses the adapter.
import { profile, realize, tidy } from '@chiaro/autograd';
import { openEngine } from '../lib/engine.mjs';
import { frame } from '../lib/frameCase.mjs';
import { room } from '../lib/roomCase.mjs';
import { round } from '../lib/rows.mjs';

const [what = '7'] = process.argv.slice(2);

/** Parameters of the scene and its image. */
async function scene() {
  if (what === 'frame') {
    const { parameters, image } = await frame('all');
    return { parameters: Object.values(parameters), image };
  }
  const { parameters, image } = await room();
  return { parameters, image: () => image(Number(what)) };
}

const { adapter } = await openEngine();
const { parameters, image } = await scene();
const gradients = async () => {
  image().mean().backward();
  await realize(...parameters.map((p) => p.grad));
  for (const p of parameters) p.grad = undefined;
};
const forward = () => realize(tidy(() => image()));
console.log(adapter);
for (const [name, work] of [
  ['image', forward],
  ['image and gradients', gradients],
]) {
  await work(); // kernels are compiled
  const { kernels } = await profile(work);
  const total = kernels.reduce((sum, k) => sum + k.ms, 0);
  console.log(`${name}: ${kernels.length} dispatches, ${round(total)} ms; the longest:`);
  const longest = new Map();
  for (const { label, ms } of kernels) longest.set(label, Math.max(longest.get(label) ?? 0, ms));
  const slowest = [...longest].sort(([, a], [, b]) => b - a).slice(0, 4);
  for (const [label, ms] of slowest) console.log(`  ${round(ms)} ms, ${label}`);
}
process.exit(0);
