// Installs the peers' packages into a cache folder outside the repository, once per version list.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from '../../packages/tensor/dist/host/node/paths.js';

const here = dirname(fileURLToPath(import.meta.url));

/** The folder with the peers' node_modules; `load.mjs` in it imports a package by name. */
export function installPeers() {
  const files = ['package.json', 'package-lock.json'];
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(here, file)));
  const folder = join(cacheRoot(), `bench-peers-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  console.log(`Installing the peers into ${folder} ...`);
  const temporary = `${folder}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  for (const file of files) copyFileSync(join(here, file), join(temporary, file));
  writeFileSync(join(temporary, 'load.mjs'), 'export const load = (name) => import(name);\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync(npm, args, { cwd: temporary, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) {
    rmSync(temporary, { recursive: true, force: true });
    throw new Error('the peers could not be installed; bench:peers needs the npm registry once');
  }
  try {
    renameSync(temporary, folder);
  } catch (reason) {
    if (!existsSync(folder)) throw reason; // another process was faster
    rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}
