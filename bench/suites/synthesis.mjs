// Synthetic faces: how long one of a training set takes, from its number to arrays on the host, or to the folder on disk.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faceSet, loadFaceModel, synthesisLocalStream, synthesisStream } from '@chiaro/faces';
import { writeFaces } from '@chiaro/faces/node';
import { openEngine } from '../lib/engine.mjs';
import { round } from '../lib/rows.mjs';

export const title = 'Milliseconds per synthetic face; the time for 200,000 beside the 2.8 hours of InverseFaceNet';

/** Size, samples per pixel (0: local illumination alone), segments of a path, faces that are timed; and what they get besides. */
const settings = {
  local_128: { size: 128, spp: 0, faces: 40 },
  traced_128_spp8: { size: 128, spp: 8, faces: 20 },
  traced_128_spp64: { size: 128, spp: 64, faces: 4 },
  local_256: { size: 256, spp: 0, faces: 20 },
  traced_256_spp8: { size: 256, spp: 8, faces: 8 },
  traced_256_spp64: { size: 256, spp: 64, faces: 1 },
  direct_128_spp8: { size: 128, spp: 8, depth: 2, faces: 20 },
  folder_128_spp8: { size: 128, spp: 8, faces: 20, folder: true },
};
export const cases = Object.keys(settings);

const looks = { backgrounds: ['gradient'], sensor: true };
const images = 200_000;

/** Renders the items from `from` on, each once. */
async function render(model, { size, spp, depth = 4, folder }, from, count) {
  const plan = faceSet({ count, size, seed: 1 + from, looks });
  if (folder) {
    const path = mkdtempSync(join(tmpdir(), 'chiaro-synthesis-'));
    await writeFaces(path, model, plan, { spp, depth, shardSize: 10 });
    rmSync(path, { recursive: true });
  } else if (spp > 0) {
    for await (const { face } of synthesisStream(model, plan, { spp, depth })) if (face.mask.length === 0) return;
  } else {
    for await (const { face } of synthesisLocalStream(model, plan)) if (face.mask.length === 0) return;
  }
}

let opened;
let loaded;
export async function run(name) {
  const { adapter } = await (opened ??= openEngine());
  const model = await (loaded ??= loadFaceModel());
  const { faces, ...setting } = settings[name];
  const first = performance.now();
  await render(model, setting, 0, 1);
  const ms_first = performance.now() - first;
  const rounds = [];
  let cpu = Infinity;
  for (let r = 0; r < 3; r++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    await render(model, setting, 1 + r * faces, faces);
    rounds.push((performance.now() - start) / faces);
    const { user, system } = process.cpuUsage(before);
    cpu = Math.min(cpu, (user + system) / 1000 / faces);
  }
  rounds.sort((a, b) => a - b);
  const [ms_min, ms_median] = [rounds[0], rounds[1]];
  return {
    ...{ adapter, ms_median: round(ms_median), ms_min: round(ms_min), cpu_ms_median: round(cpu) },
    ...{ ms_first: round(ms_first), runs: 3 * faces },
    ...{ images_per_second: round(1000 / ms_median), hours_for_200000: round((images * ms_median) / 3.6e6) },
  };
}
