// The rasterizer: a ball of a thousand to a million triangles, drawn whole: rasterize, interpolate, texture (1024^2,
// trilinear) and antialias, forward and with gradients of vertices and texture; and parts by themselves: a texture read with 1,
// 4 and 16 texels a pixel, shading by 9 and 81 harmonics, and the soft rasterizer.
import { idle } from '@chiaro/autograd';
import { openEngine } from '../lib/engine.mjs';
import { measure } from '../lib/measure.mjs';
import { pixelCase } from '../lib/pixelCases.mjs';
import { rasterCase } from '../lib/rasterCase.mjs';
import { round, statistics } from '../lib/rows.mjs';

export const title =
  'Rasterizer: rasterize, interpolate, texture, antialias; _gradients: forward and backward, vertices and texture';

const counts = { '1k': 1e3, '10k': 1e4, '100k': 1e5, '1m': 1e6 };
const balls = [512, 2048].flatMap((size) => Object.keys(counts).map((count) => `ball_${count}_${size}`));
const drawn = [...balls, 'tile_10k_512', 'spread_10k_512'];
const parts = { texture_1x: 1, texture_4x: 4, texture_16x: 16, shade_9: 9, shade_81: 81, soft_1k: 1e3, soft_10k: 1e4 };
export const cases = [...drawn, ...Object.keys(parts)].flatMap((name) => [name, `${name}_gradients`]);

export async function run(name) {
  const { adapter } = await openEngine();
  const gradients = name.endsWith('_gradients');
  const what = name.replace('_gradients', '');
  const [shape, count, size] = what.split('_');
  const { step, ...about } = await (what in parts
    ? pixelCase(shape, parts[what], { gradients })
    : rasterCase(shape, counts[count], Number(size), { gradients }));
  const times = await measure(
    name,
    async () => {
      const results = step();
      await idle();
      for (const t of results) t.dispose();
    },
    { seconds: 2, minimum: 3 },
  );
  step.dispose();
  return { adapter, ...statistics(times), ms_first: round(times.first), ...about };
}
