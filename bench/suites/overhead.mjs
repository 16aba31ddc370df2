// What the engine costs beside the GPU's work: JavaScript of a replay, of planning, and the start and end of a process.
import { rmSync } from 'node:fs';
import { median, round } from '../lib/rows.mjs';
import { runProbe } from '../lib/probe.mjs';
import { makeShaderCache } from '../lib/shaderCache.mjs';

export const title = 'JavaScript milliseconds of a call; milliseconds to the first result of a process, and to its end';

/** Runs a process from nothing several times. */
async function cold(runs, pick, shaderCache) {
  const times = [];
  let figures;
  for (let i = 0; i < runs; i++) {
    const folder = shaderCache ?? makeShaderCache();
    try {
      const result = await runProbe('firstResult', { env: { MESA_SHADER_CACHE_DIR: folder } });
      ({ figures } = result);
      times.push(pick(result));
    } finally {
      if (!shaderCache) rmSync(folder, { recursive: true, force: true });
    }
  }
  const { adapter, kernels } = figures;
  return { adapter, ms_median: round(median(times)), ms_min: round(Math.min(...times)), runs, kernels };
}

/** As `cold`, but the kernels are in Mesa's cache on disk already. */
async function warm(runs, pick) {
  const folder = makeShaderCache();
  try {
    await runProbe('firstResult', { env: { MESA_SHADER_CACHE_DIR: folder } });
    return await cold(runs, pick, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const probe = async (name) => (await runProbe(name)).figures;

const runners = {
  replay_50_kernels: async () => ({ ...(await probe('replay')), bar_ms: 1 }),
  eager_50_nodes: () => probe('eager'),
  first_result_warm_cache: async () => ({ ...(await warm(7, (r) => r.firstLineMs)), bar_ms: 600 }),
  first_result_no_cache: async () => ({ ...(await cold(7, (r) => r.firstLineMs)), bar_ms: 1000 }),
  exit_after_last_await: async () => ({ ...(await warm(7, (r) => r.exitMs)), bar_ms: 1000 }),
};

export const cases = Object.keys(runners);

export const run = (name) => runners[name]();
