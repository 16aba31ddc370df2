// The case of bench/lib/traceCase.mjs in three-mesh-bvh, one thread: node threeMeshBvh.mjs MESH RAYS RUNS PEERS-FOLDER, where
// RAYS is "primary", "primary+shadow" or a file of rays (bench/lib/rayKinds.mjs). Prints a line of JSON: milliseconds of
// each run, of the build, and the number of hits and shadows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { samples } from '../lib/traceCase.mjs';

const [meshFile, rays, runs, folder] = process.argv.slice(2);
const { load } = await import(pathToFileURL(join(folder, 'load.mjs')).href);
const { BufferAttribute, BufferGeometry, DoubleSide, Ray } = await load('three');
const { MeshBVH } = await load('three-mesh-bvh');

const file = Uint8Array.from(readFileSync(meshFile)).buffer;
const [vertexCount, triangleCount] = new Uint32Array(file, 0, 2);
const geometry = new BufferGeometry();
geometry.setAttribute('position', new BufferAttribute(new Float32Array(file, 8, 3 * vertexCount), 3));
geometry.setIndex(new BufferAttribute(new Uint32Array(file, 8 + 12 * vertexCount, 3 * triangleCount), 1));
const begin = performance.now();
const bvh = new MeshBVH(geometry);
const build = performance.now() - begin;

function pcg(v) {
  const state = (Math.imul(v, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

const [primary, shadow] = [new Ray(), new Ray()];
primary.origin.set(0, 0, 60);

function traceImage() {
  let [hits, shadows] = [0, 0];
  for (let sample = 0; sample < samples; sample++) {
    const pixel = sample >>> 3;
    const random = pcg(sample);
    const x = ((pixel & 255) + (random & 65535) / 65536) / 256 - 0.5;
    const y = 0.5 - ((pixel >>> 8) + (random >>> 16) / 65536) / 256;
    primary.direction.set(x, y, -1.6).normalize();
    const hit = bvh.raycastFirst(primary, DoubleSide, 1e-4, 1e30);
    if (!hit) continue;
    hits++;
    if (rays === 'primary') continue;
    const second = pcg((random + 1) >>> 0);
    const z = (second & 65535) / 32768 - 1;
    const phi = ((second >>> 16) / 65536) * 6.2831853;
    const side = Math.sqrt(Math.max(0, 1 - z * z));
    shadow.origin.copy(primary.origin).addScaledVector(primary.direction, hit.distance - 0.01);
    shadow.direction.set(side * Math.cos(phi), side * Math.sin(phi), Math.abs(z));
    if (bvh.raycastFirst(shadow, DoubleSide, 1e-4, 1e30)) shadows++;
  }
  return { hits, shadows };
}

/** Whether any hit would do makes no difference here: the library has no query of its own for it. */
function traceRays(given) {
  let hits = 0;
  for (let at = 0; at < given.length; at += 8) {
    primary.origin.fromArray(given, at);
    primary.direction.fromArray(given, at + 4);
    if (bvh.raycastFirst(primary, DoubleSide, given[at + 3], given[at + 7])) hits++;
  }
  return { hits, shadows: 0 };
}

function traceOf() {
  if (rays.startsWith('primary')) return traceImage;
  const given = new Float32Array(Uint8Array.from(readFileSync(rays)).buffer, 8);
  return () => traceRays(given);
}

const trace = traceOf();
const [wall, cpu] = [[], []];
let found = trace(); // a warm-up
for (let run = 0; run < Number(runs); run++) {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  found = trace();
  wall.push(performance.now() - start);
  const { user, system } = process.cpuUsage(cpuBefore);
  cpu.push((user + system) / 1000);
}
console.log(JSON.stringify({ wall, cpu, build_ms: build, ...found }));
