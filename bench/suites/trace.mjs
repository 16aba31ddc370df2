// Rays against the tree: the face beside Embree and three-mesh-bvh, and balls of a thousand to a million triangles. Paths:
// a room after one, two and four surfaces, its image and its gradients.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, idle, noGrad, realize, tensor } from '@chiaro/autograd';
import { buildBvh, refitBvh } from '@chiaro/render';
import { kernelCount, openEngine } from '../lib/engine.mjs';
import { measure } from '../lib/measure.mjs';
import { room } from '../lib/roomCase.mjs';
import { median, round, statistics } from '../lib/rows.mjs';
import { startWithoutShaders } from '../lib/shaderCache.mjs';
import { bumpyBall, faceMesh, samples, writeMesh } from '../lib/traceCase.mjs';
import { traceSamples } from '../lib/traceProgram.mjs';
import { rayTracers } from '../peers/rayTracers.mjs';

export const title =
  'Rays: 524,288 samples; msamples: millions of samples a second, mrays: of rays, shadow rays included; times_ours: ' +
  "a peer's time over ours, threads as given";

const balls = { ball_1k: 1e3, ball_10k: 1e4, ball_100k: 1e5, ball_1m: 1e6 };
const withPeers = { face_primary: 'primary', face_primary_shadow: 'primary+shadow' };
const surfaces = [1, 2, 4];
export const cases = [
  ...Object.keys(withPeers),
  ...Object.keys(balls),
  ...['face_refit', 'face_build'],
  ...surfaces.map((n) => `room_${n}`),
  ...surfaces.map((n) => `room_gradients_${n}`),
];

let opened;
function open() {
  if (!opened) startWithoutShaders();
  return (opened ??= openEngine());
}

/** Figures of one participant from its times and what it found. */
function rowOf({ wall, cpu, hits, shadows }, rays) {
  const figures = statistics({ wall, cpu });
  const count = rays === 'primary' ? samples : samples + hits;
  const perSecond = (n) => round(n / figures.ms_min / 1e3);
  return { ...figures, msamples: perSecond(samples), mrays: perSecond(count), hits, shadows };
}

function positionsOf({ positions }) {
  return tensor(positions, [positions.length / 3, 3]);
}

async function traceOurs(name, mesh, rays) {
  const bvh = refitBvh(buildBvh(mesh.positions, mesh.triangles), positionsOf(mesh));
  await realize(bvh);
  await idle();
  const trace = compile((tree) => traceSamples(rays, tree));
  const times = await measure(name, async () => {
    const found = trace(bvh);
    await idle();
    found.dispose();
  });
  const result = trace(bvh);
  const found = await result.data();
  const hits = found.filter((f) => f > 0).length;
  const shadows = found.filter((f) => f === 2).length;
  [result, bvh].forEach((t) => t.dispose());
  trace.dispose();
  return { ...rowOf({ ...times, hits, shadows }, rays), ms_first: round(times.first), kernels: await kernelCount() };
}

/** Ours and, in processes of their own, the peers'; all must find the same. */
async function comparePeers(name, rays, adapter) {
  const mesh = faceMesh();
  const ours = await traceOurs(name, mesh, rays);
  const rows = [{ adapter, mesh: mesh.name, ...ours }];
  const folder = mkdtempSync(join(tmpdir(), 'chiaro-trace-'));
  try {
    const file = join(folder, 'mesh.bin');
    writeMesh(file, mesh);
    for (const [who, run] of Object.entries(rayTracers)) {
      const threads = who === 'embree' ? availableParallelism() : 1;
      const result = run(file, rays, threads);
      if (result.missing) {
        console.log(`\n  ${result.missing}`);
        continue;
      }
      const row = { who, adapter: 'CPU', mesh: mesh.name, threads, ...rowOf(result, rays) };
      for (const figure of ['hits', 'shadows']) {
        const allowed = 1e-3 * samples;
        if (Math.abs(row[figure] - ours[figure]) > allowed)
          row.error = `${row[figure]} ${figure}, ours ${ours[figure]}`;
      }
      rows.push({
        ...row,
        times_ours: round(row.ms_min / ours.ms_min),
        cpu_times_ours: round(row.cpu_ms_median / ours.cpu_ms_median),
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

/** Vertices that move every step: the tree's bounds follow on the GPU. */
async function refit(name) {
  const mesh = faceMesh();
  const topology = buildBvh(mesh.positions, mesh.triangles);
  const rest = positionsOf(mesh);
  const step = compile((scale) => refitBvh(topology, rest.mul(scale)));
  const times = await measure(name, async () => {
    const bvh = step(1.01);
    await idle();
    bvh.dispose();
  });
  step.dispose();
  return { mesh: mesh.name, ...statistics(times), ms_first: round(times.first), kernels: await kernelCount() };
}

/** The tree on the host, in milliseconds, of the face and of a million triangles. */
async function build(name) {
  const mesh = faceMesh();
  const times = await measure(name, async () => void buildBvh(mesh.positions, mesh.triangles), { seconds: 2 });
  const { positions, triangles } = bumpyBall(1e6);
  const million = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    buildBvh(positions, triangles);
    million.push(performance.now() - start);
  }
  return { mesh: mesh.name, ...statistics(times), ms_million: round(median(million)) };
}

/** The image of the room after at most `count` surfaces, or that and its gradients. */
async function paths(name, count, gradients) {
  const { parameters, image } = await room();
  const step = compile(() => {
    if (!gradients) return [noGrad(() => image(count))];
    const loss = image(count).square().mean();
    loss.backward();
    const found = parameters.map((p) => p.grad);
    for (const p of parameters) p.grad = null;
    return [loss, ...found];
  });
  const times = await measure(name, async () => {
    const results = step();
    await idle();
    for (const t of results) t.dispose();
  });
  step.dispose();
  return { surfaces: count, ...statistics(times), ms_first: round(times.first), kernels: await kernelCount() };
}

export async function run(name) {
  const { adapter } = await open();
  if (name.startsWith('room')) {
    return { adapter, ...(await paths(name, Number(name.at(-1)), name.includes('gradients'))) };
  }
  if (withPeers[name]) return comparePeers(name, withPeers[name], adapter);
  if (name === 'face_refit') return { adapter, ...(await refit(name)) };
  if (name === 'face_build') return { adapter: 'CPU', ...(await build(name)) };
  const mesh = bumpyBall(balls[name]);
  return { adapter, triangles: mesh.triangles.length / 3, ...(await traceOurs(name, mesh, 'primary+shadow')) };
}
