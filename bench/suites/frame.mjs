// A path-traced frame of the face: image, image and gradients of everything, and how long the first ones take.
import { compile, idle, noGrad } from '@chiaro/autograd';
import { rmSync } from 'node:fs';
import { openEngine } from '../lib/engine.mjs';
import { frame } from '../lib/frameCase.mjs';
import { gradientStep } from '../lib/gradientStep.mjs';
import { measure } from '../lib/measure.mjs';
import { runProbe } from '../lib/probe.mjs';
import { round, statistics } from '../lib/rows.mjs';
import { makeShaderCache } from '../lib/shaderCache.mjs';

export const title =
  'A frame of the face: 256 x 256, 8 samples, 64 x 64 environment, shadows; gradients: textures, environment, vertices, camera';
/** Which edges' gradients the cases ask for. */
const boundaries = {
  frame_gradients_primary: 'primary',
  frame_gradients_antialias: 'antialias',
  frame_gradients_all: 'all',
};
export const cases = ['frame', 'frame_gradients', ...Object.keys(boundaries), 'first_image', 'first_gradients'];

/** From the start of a process to the image (or the gradients), without and with compiled kernels on disk. */
async function first(args) {
  const folder = makeShaderCache();
  try {
    const env = { MESA_SHADER_CACHE_DIR: folder };
    const { figures: cold } = await runProbe('firstImage', { args, env });
    const { figures: warm } = await runProbe('firstImage', { args, env });
    return { adapter: cold.adapter, mesh: cold.mesh, ms_cold: round(cold.ms), ms_warm: round(warm.ms), runs: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function run(name) {
  if (name === 'first_image') return first([]);
  if (name === 'first_gradients') return first(['gradients']);
  const { adapter } = await openEngine();
  const { name: mesh, parameters, image } = await frame(boundaries[name]);
  const step = name === 'frame' ? compile(() => [noGrad(() => image())]) : gradientStep(parameters, image);
  const times = await measure(
    name,
    async () => {
      const results = step();
      await idle();
      for (const t of results) t.dispose();
    },
    { seconds: 8 },
  );
  step.dispose();
  return { adapter, mesh, ...statistics(times), ms_first: round(times.first) };
}
