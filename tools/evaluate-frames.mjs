/**
 * Does smoothness over time help the fit of a clip? Heads that turn, nod and talk are path traced frame by frame, and fitted
 * from their pictures and landmarks that err by themselves in every frame, with and without smoothness.
 *
 *   node scripts/run.mjs tools/evaluate-frames.mjs [--clips 3] [--frames 14] [--size 64] [--blur 0.01]
 *     [--json docs/results/fit-frames.json] [--fresh]
 *
 * Results are kept clip by clip: the same command goes on where it was ended. A page stands beside the JSON file.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { deviceInfo } from '@chiaro/autograd';
import { fitFrames, loadFaceModel } from '@chiaro/faces';
import { baseConfig } from './evaluate-fit/rows.mjs';
import { progress } from './evaluate/progress.mjs';
import { fingerprint, openResults, writeWhole } from './evaluate/resultFile.mjs';
import { clipOf } from './evaluate-frames/clip.mjs';
import { errorsOf } from './evaluate-frames/errors.mjs';
import { page } from './evaluate-frames/page.mjs';
import { numbersOf } from './options.mjs';

const { values: options } = parseArgs({
  options: {
    clips: { type: 'string', default: '3' },
    frames: { type: 'string', default: '14' },
    size: { type: 'string', default: '64' },
    blur: { type: 'string', default: '0.01' },
    json: { type: 'string', default: 'docs/results/fit-frames.json' },
    fresh: { type: 'boolean', default: false },
  },
});
const [clips, frames, size, blur] = numbersOf(options, ['clips', 'frames', 'size', 'blur']);

/** The vertex-based stages, which find most of the shape; textures do not bear on it. */
const base = baseConfig(size);
const config = {
  ...base,
  cropMargin: 1.75,
  vertex: { ...base.vertex, size: Math.min(64, size), rounds: 2, steps: 20 },
  light: { ...base.light, bands: 5, directions: 96 },
  trace: { ...base.trace, levels: [] },
  texture: { ...base.texture, size: 64, steps: 1, shadingSpp: 2 },
  render: { ...base.render, spp: 1 },
};

/** Steps of a frame on either way. */
const steps = [12, 8];

/** What is compared. */
const kinds = {
  free: { rotation: Infinity, translation: Infinity, expression: Infinity, light: Infinity },
  smooth: {},
};

const model = await loadFaceModel();
const settings = { frames, size, blur, steps, schedule: fingerprint(config), seed: 1 };
const results = openResults(options.json, { settings, keyOf: ({ clip }) => clip, fresh: options.fresh });
const left = Array.from({ length: clips }, (_, k) => k + 1).filter((clip) => !results.has(clip));
const done = progress(left.length * 2);
for (const clip of left) {
  const { sources, truth, light } = await clipOf(model, clip - 1, { frames, size, blur });
  const entry = { clip, light };
  let resume;
  for (const [kind, smoothness] of Object.entries(kinds)) {
    const times = [];
    const given = { model, config, steps, keyFrames: 1, budgetSeconds: 1e6, seed: settings.seed, smoothness, resume };
    const before = process.cpuUsage();
    const found = await fitFrames(sources, {
      ...given,
      onCheckpoint: async (state) => void (resume = state), // the person is fitted once
      onFrame: () => void times.push(performance.now()),
    });
    const { user, system } = process.cpuUsage(before);
    const step = (from, to) => (times[to] - times[from]) / 1000 / (to - from);
    const [forwards, both] = [step(0, frames - 1), step(frames, 2 * frames - 1)];
    entry[kind] = { ...(await errorsOf(model, found, truth)), forwards, both, cpuSeconds: (user + system) / 1e6 };
    const { turn, expression, turnJitter, expressionJitter } = entry[kind];
    done(
      `clip ${clip}, ${kind}: turn ${turn.toFixed(2)} degrees, expression ${expression.toFixed(3)} mm, jitter ` +
        `${turnJitter.toFixed(3)} degrees, ${expressionJitter.toFixed(3)} mm; ${(forwards + both).toFixed(1)} s per frame`,
    );
  }
  results.add(entry, (await deviceInfo()).name);
}
writeWhole(options.json.replace(/\.json$/, '.md'), page(results.content, basename(options.json)));
process.stderr.write(`${options.json} and its page\n`);
process.exit(0); // the GPU's threads would keep the process
