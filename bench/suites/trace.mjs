// Rays against the tree: the face and three public meshes beside Embree and three-mesh-bvh, and balls of a thousand to a
// million triangles. Trees built on the host and on the GPU. Paths: a room after one, two and four surfaces, its image and
// its gradients.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, idle, noGrad, realize, tensor } from '@chiaro/autograd';
import { buildBvh, buildBvhOnGpu, bvhCost, refitBvh } from '@chiaro/render';
import { kernelCount, openEngine } from '../lib/engine.mjs';
import { ballsOf, formNames, samples as ballSamples } from '../lib/instancesCase.mjs';
import { measure } from '../lib/measure.mjs';
import { publicMesh, publicMeshNames } from '../lib/publicMeshes.mjs';
import { rayKinds, raysOf, writeRays } from '../lib/rayKinds.mjs';
import { room } from '../lib/roomCase.mjs';
import { median, round, statistics } from '../lib/rows.mjs';
import { startWithoutShaders } from '../lib/shaderCache.mjs';
import { bumpyBall, faceMesh, samples, writeMesh } from '../lib/traceCase.mjs';
import { traceRays, traceSamples } from '../lib/traceProgram.mjs';
import { rayTracers } from '../peers/rayTracers.mjs';

export const title =
  'Rays: 524,288 samples; msamples: millions of samples a second, mrays: of rays, shadow rays included; times_ours: ' +
  "a peer's time over ours, threads as given";

const balls = { ball_1k: 1e3, ball_10k: 1e4, ball_100k: 1e5, ball_1m: 1e6 };
const withPeers = { face_primary: 'primary', face_primary_shadow: 'primary+shadow' };
const publicRays = Object.fromEntries(
  publicMeshNames.flatMap((mesh) => rayKinds.map((kind) => [`rays_${mesh}_${kind}`, { mesh, kind }])),
);
const builds = {
  build_10k: () => bumpyBall(1e4),
  build_face: faceMesh,
  build_100k: () => bumpyBall(1e5),
  build_dragon: () => publicMesh('dragon'),
  build_1m: () => bumpyBall(1e6),
};
const surfaces = [1, 2, 4];
export const cases = [
  ...Object.keys(withPeers),
  ...Object.keys(balls),
  ...Object.keys(publicRays),
  ...['face_refit', 'face_build'],
  ...Object.keys(builds),
  ...surfaces.map((n) => `room_${n}`),
  ...surfaces.map((n) => `room_gradients_${n}`),
  'instances',
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

/** The tree of the host at a mesh's positions. */
async function hostTree(mesh) {
  const bvh = refitBvh(buildBvh(mesh.positions, mesh.triangles), positionsOf(mesh));
  await realize(bvh);
  await idle();
  return bvh;
}

/** Times of tracing through a tree, and what is found: 0, 1 for a hit, 2 for one in shadow. */
async function timeTracing(name, bvh, program, seconds = 3) {
  const trace = compile(program);
  const times = await measure(
    name,
    async () => {
      const found = trace(bvh);
      await idle();
      found.dispose();
    },
    { seconds },
  );
  const result = trace(bvh);
  const found = await result.data();
  const hits = found.filter((f) => f > 0).length;
  const shadows = found.filter((f) => f === 2).length;
  result.dispose();
  trace.dispose();
  return { ...times, hits, shadows };
}

async function traceOurs(name, mesh, rays) {
  const bvh = await hostTree(mesh);
  const times = await timeTracing(name, bvh, (tree) => traceSamples(rays, tree));
  bvh.dispose();
  return { ...rowOf(times, rays), ms_first: round(times.first), kernels: await kernelCount() };
}

/** What the peers, in processes of their own, make of the rays; they must find what we did. */
function peerRows(meshFile, raysArgument, count, ours, figuresOf) {
  const rows = [];
  for (const [who, run] of Object.entries(rayTracers)) {
    const threads = who === 'embree' ? availableParallelism() : 1;
    const result = run(meshFile, raysArgument, threads);
    if (result.missing) {
      console.log(`\n  ${result.missing}`);
      continue;
    }
    const row = { who, adapter: 'CPU', mesh: ours.mesh, threads, ...figuresOf(result) };
    for (const figure of ['hits', 'shadows']) {
      if (Math.abs(result[figure] - (ours[figure] ?? 0)) > 1e-3 * count)
        row.error = `${result[figure]} ${figure}, ours ${ours[figure]}`;
    }
    rows.push({
      ...row,
      times_ours: round(row.ms_min / ours.ms_min),
      cpu_times_ours: round(row.cpu_ms_median / ours.cpu_ms_median),
    });
  }
  return rows;
}

/** Calls `use` with a folder that is removed afterwards. */
async function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'chiaro-trace-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The face: ours and the peers', which make the same rays themselves. */
const comparePeers = (name, rays, adapter) =>
  inFolder(async (folder) => {
    const mesh = faceMesh();
    const ours = { adapter, mesh: mesh.name, ...(await traceOurs(name, mesh, rays)) };
    const file = join(folder, 'mesh.bin');
    writeMesh(file, mesh);
    return [ours, ...peerRows(file, rays, samples, ours, (result) => rowOf(result, rays))];
  });

/** Rays of one kind and a public mesh: ours and the peers', which get the rays as numbers. */
const compareRays = (name, { mesh: meshName, kind }, adapter) =>
  inFolder(async (folder) => {
    const mesh = await publicMesh(meshName);
    const bvh = await hostTree(mesh);
    const { any, rays } = await raysOf(kind, mesh, bvh);
    const [count, given] = [rays.length / 8, tensor(rays, [rays.length / 4, 4])];
    await realize(given);
    const figuresOf = ({ wall, cpu, hits }) => {
      const figures = statistics({ wall, cpu });
      return { ...figures, rays: count, mrays: round(count / figures.ms_min / 1e3), hits };
    };
    const times = await timeTracing(name, bvh, (tree) => traceRays(any, tree, given), 1.5);
    const common = { adapter, mesh: meshName, triangles: mesh.triangles.length / 3 };
    const ours = { ...common, ...figuresOf(times), ms_first: round(times.first) };
    bvh.dispose();
    const [meshFile, rayFile] = ['mesh.bin', 'rays.bin'].map((file) => join(folder, file));
    writeMesh(meshFile, mesh);
    writeRays(rayFile, { any, rays });
    return [ours, ...peerRows(meshFile, rayFile, count, ours, figuresOf)];
  });

/** The tree of the host and that of the GPU: how long they take, their cost, and how fast rays are in them. */
async function compareBuilds(name, adapter) {
  const mesh = await builds[name]();
  const triangles = mesh.triangles.length / 3;
  const [positions, list] = [positionsOf(mesh), tensor(mesh.triangles, [triangles, 3])];
  await realize(positions, list);
  const onGpu = compile((p) => buildBvhOnGpu(p, list));
  const builders = {
    host: ['CPU', async () => void buildBvh(mesh.positions, mesh.triangles), () => hostTree(mesh)],
    gpu: [
      adapter,
      async () => {
        const bvh = onGpu(positions);
        await idle();
        bvh.dispose();
      },
      async () => onGpu(positions),
    ],
  };
  const rows = [];
  for (const [builder, [where, step, make]] of Object.entries(builders)) {
    const times = await measure(name, step, { seconds: 1.5, minimum: 3 });
    const bvh = await make();
    const tracing = await timeTracing(name, bvh, (tree) => traceSamples('primary+shadow', tree), 1.5);
    const { mrays, hits } = rowOf(tracing, 'primary+shadow');
    const cost = round(await bvhCost(bvh));
    const figures = { ...statistics(times), ms_first: round(times.first) };
    rows.push({ adapter: where, builder, triangles, ...figures, cost, mrays, hits });
    bvh.dispose();
  }
  onGpu.dispose();
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

/** A hundred balls as instances of one and as a mesh of all triangles: images, their trees fitted each time, and rays. */
async function instances(name, adapter) {
  const rows = [];
  for (const form of formNames) {
    const image = ballsOf(form);
    const hits = Math.round((await noGrad(() => image().mask.mean()).item()) * ballSamples);
    const step = compile(() => noGrad(() => image().image));
    const times = await measure(
      name,
      async () => {
        const result = step();
        await idle();
        result.dispose();
      },
      { seconds: 4 },
    );
    step.dispose();
    const figures = statistics(times);
    const mrays = round((ballSamples + hits) / figures.ms_min / 1e3);
    rows.push({ adapter, form, ...figures, ms_first: round(times.first), mrays, hits });
  }
  return rows;
}

export async function run(name) {
  const { adapter } = await open();
  if (name.startsWith('room')) {
    return { adapter, ...(await paths(name, Number(name.at(-1)), name.includes('gradients'))) };
  }
  if (withPeers[name]) return comparePeers(name, withPeers[name], adapter);
  if (publicRays[name]) return compareRays(name, publicRays[name], adapter);
  if (builds[name]) return compareBuilds(name, adapter);
  if (name === 'instances') return instances(name, adapter);
  if (name === 'face_refit') return { adapter, ...(await refit(name)) };
  if (name === 'face_build') return { adapter: 'CPU', ...(await build(name)) };
  const mesh = bumpyBall(balls[name]);
  return { adapter, triangles: mesh.triangles.length / 3, ...(await traceOurs(name, mesh, 'primary+shadow')) };
}
