// Milliseconds of the longest dispatch of a path-traced image and of its gradients, of a room at a depth: none may run above
// a second on the slowest adapter. Arguments: surfaces. CHIARO_GPU=swiftshader chooses the adapter.
import { deviceInfo, profile, realize, tidy } from '@chiaro/autograd';
import { openEngine } from '../lib/engine.mjs';
import { room } from '../lib/roomCase.mjs';
import { round } from '../lib/rows.mjs';

const surfaces = Number(process.argv[2] ?? 7);
await openEngine();
const { parameters, image } = await room();
const gradients = async () => {
  image(surfaces).mean().backward();
  await realize(...parameters.map((p) => p.grad));
  for (const p of parameters) p.grad = undefined;
};
const forward = () => realize(tidy(() => image(surfaces)));
for (const [what, work] of [
  ['image', forward],
  ['image and gradients', gradients],
]) {
  await work(); // kernels are compiled
  const { kernels } = await profile(work);
  const longest = kernels.reduce((a, b) => (b.ms > a.ms ? b : a));
  const total = kernels.reduce((sum, k) => sum + k.ms, 0);
  console.log(
    `${what}: ${kernels.length} dispatches, ${round(total)} ms; longest ${round(longest.ms)} ms, ${longest.label}`,
  );
}
console.log(deviceInfo());
process.exit(0);
