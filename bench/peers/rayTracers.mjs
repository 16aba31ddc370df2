// The ray tracers that the suite `trace` compares with. Each is optional: what a machine lacks is said and skipped.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from '../../packages/tensor/dist/host/node/paths.js';
import { installPeers } from './install.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** The last line of a program's output, as JSON. */
function runPeer(command, args) {
  const { stdout, stderr, status, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 });
  if (error || status !== 0) throw new Error(`${command} ended with ${error ?? status}: ${stderr?.trim().slice(-300)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** Compiles embree.cpp into the cache folder, once. @returns the program, or why there is none. */
function buildEmbree() {
  const source = here('embree.cpp');
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const program = join(cacheRoot(), `bench-embree-${hash}`);
  if (existsSync(program)) return { program };
  mkdirSync(cacheRoot(), { recursive: true });
  const temporary = `${program}.${process.pid}`;
  const compiler = process.env.CXX ?? 'g++';
  for (const library of ['embree4', 'embree3']) {
    const args = ['-std=c++17', '-O3', '-march=native', source, `-l${library}`, '-lpthread', '-o', temporary];
    if (spawnSync(compiler, args).status === 0) {
      renameSync(temporary, program);
      return { program };
    }
  }
  return {
    missing: `embree is skipped: ${compiler} or Embree's headers are missing (Debian: apt install g++ libembree-dev)`,
  };
}

let embree;
/** As many threads as the software GPU has: the cores of the machine. */
function runEmbree(mesh, rays, threads) {
  embree ??= buildEmbree();
  if (embree.missing) return embree;
  return runPeer(embree.program, [mesh, rays, String(threads), '15']);
}

let folder;
function runThreeMeshBvh(mesh, rays) {
  try {
    folder ??= installPeers();
  } catch (reason) {
    return { missing: `three-mesh-bvh is skipped: ${reason.message}` };
  }
  return runPeer(process.execPath, [here('threeMeshBvh.mjs'), mesh, rays, '3', folder]);
}

/** By name: a function of a mesh file, `primary`, `primary+shadow` or a file of rays, and threads, that gives times and counts. */
export const rayTracers = { embree: runEmbree, 'three-mesh-bvh': runThreeMeshBvh };
