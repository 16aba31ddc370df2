import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Runs a command with our standard streams; resolves to its exit code (128 if a signal ended it). */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 128));
  });
}

/** Runs an installed JavaScript tool, such as `typescript/bin/tsc`, with the Node that runs us. */
export const runTool = (file, args, options) =>
  run(process.execPath, [join(root, 'node_modules', file), ...args], options);

const readJSON = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));

/** True if every package that the lock file demands is installed, in that version. */
function isInstalled() {
  const installedFile = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, installedFile))) return false;
  const wanted = readJSON('package-lock.json').packages;
  const installed = readJSON(installedFile).packages;
  return Object.entries(wanted).every(([path, { version, optional, link, peer }]) => {
    if (!path.includes('node_modules/') || optional || peer) return true;
    return link ? installed[path] !== undefined : installed[path]?.version === version;
  });
}

/** `npm ci` where the installed packages are missing or are not those of the lock file. */
async function ensureInstalled() {
  if (isInstalled()) return;
  console.log('Installing packages (npm ci) ...');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const code = await run(npm, ['ci', '--no-audit', '--no-fund'], { shell: process.platform === 'win32' });
  if (code !== 0) throw new Error(`npm ci failed with exit code ${code}`);
}

/** Compiles what changed in packages and examples since the last build. Resolves to the compiler's exit code. */
const build = () => runTool('typescript/bin/tsc', ['-b', 'tsconfig.build.json']);

/** Makes a fresh clone usable: packages, and (unless told otherwise) compiled sources. */
export async function setup({ compile = true } = {}) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Chiaro's repository needs Node 20.19 or newer, this is ${process.versions.node}`);
  }
  await ensureInstalled();
  if (compile && (await build()) !== 0) throw new Error('the sources do not compile; see the messages above');
}

/** Runs a script's main function: a rejection is printed as one line and sets the exit code. */
export function main(body) {
  body().catch((error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  });
}
