// What guiding brings (`guided` of pathTrace): the error of shadows' gradients of vertices, and the time they take.
import { idle } from '@chiaro/autograd';
import { openEngine } from '../lib/engine.mjs';
import { frame } from '../lib/frameCase.mjs';
import { gradientStep } from '../lib/gradientStep.mjs';
import { lampBehindNet } from '../lib/netCase.mjs';
import { measure } from '../lib/measure.mjs';
import { median, round, statistics } from '../lib/rows.mjs';

export const title =
  'Gradients of vertices by the edges of shadows, with and without guiding: errors over 16 seeds, as parts of the gradient';

const scenes = { guide_face: () => frame('all'), guide_net: lampBehindNet };
export const cases = Object.keys(scenes);

const seeds = Array.from({ length: 16 }, (_, k) => k + 1);
const ways = { chiaro: true, unguided: false };

const squares = (a) => a.reduce((sum, v) => sum + v * v, 0);

/** Gradients of the mean squared image by the scene's vertices; those of other parameters come along. */
async function gradientOf({ parameters, image }, options) {
  image(options).square().mean().backward();
  const found = await parameters.vertices.grad.data();
  for (const p of Object.values(parameters)) p.grad = null;
  return Float64Array.from(found);
}

/** What `all` adds to `primary`, by the same random numbers: that of the shadows' edges alone. Each seed, both ways. */
async function shadowGradients(scene) {
  const found = Object.fromEntries(Object.keys(ways).map((who) => [who, []]));
  for (const seed of seeds) {
    const rest = await gradientOf(scene, { seed, boundary: 'primary' });
    for (const [who, guided] of Object.entries(ways)) {
      const all = await gradientOf(scene, { seed, boundary: 'all', guided });
      found[who].push(all.map((v, k) => v - rest[k]));
    }
  }
  return found;
}

export async function run(name) {
  const { adapter } = await openEngine();
  const scene = await scenes[name]();
  const found = await shadowGradients(scene);
  const runs = Object.values(found).flat();
  const mean = runs[0].map((_, k) => runs.reduce((sum, g) => sum + g[k], 0) / runs.length);
  const size = Math.sqrt(squares(mean));
  const rows = [];
  for (const [who, guided] of Object.entries(ways)) {
    const step = gradientStep(scene.parameters, () => scene.image({ boundary: 'all', guided }));
    const times = await measure(
      name,
      async () => {
        const results = step();
        await idle();
        for (const t of results) t.dispose();
      },
      { seconds: 4 },
    );
    step.dispose();
    const own = found[who];
    const center = mean.map((_, k) => own.reduce((sum, g) => sum + g[k], 0) / own.length);
    const errors = own.map((g) => squares(g.map((v, k) => v - center[k])) * (own.length / (own.length - 1)));
    const figures = statistics(times);
    // squared error times CPU seconds: what a given error costs
    const rms = Math.sqrt(errors.reduce((a, b) => a + b, 0) / errors.length) / size;
    const middle = Math.sqrt(median(errors)) / size;
    rows.push({
      ...{ adapter, who, mesh: scene.name, ...figures, ms_first: round(times.first) },
      ...{ error_rms: round(rms), error_median: round(middle) },
      ...{ cost_rms: round(rms ** 2 * (figures.cpu_ms_median / 1e3)) },
      ...{ cost_median: round(middle ** 2 * (figures.cpu_ms_median / 1e3)) },
    });
  }
  return rows;
}
