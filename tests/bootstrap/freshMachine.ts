import { execFile, spawnSync } from 'node:child_process';
import { cp, chmod, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transpile } from '../support/transpile.js';
import type { FirstResult } from './firstResult.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const isRoot = process.getuid?.() === 0;
const nobody = 65534;

/** A new folder with the package installed in it as npm would, without the packages named in `without`. */
export async function installProgram(without: readonly string[] = []): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chiaro-fresh-'));
  const copy = (from: string, to = from): Promise<void> =>
    cp(join(root, from), join(folder, to), { recursive: true, dereference: true });
  await copy('packages/tensor/dist', 'node_modules/@chiaro/tensor/dist');
  await copy('packages/tensor/package.json', 'node_modules/@chiaro/tensor/package.json');
  const packages = ['koffi', '@koromix', '@sparticuz/chromium', 'webgpu/index.js', 'webgpu/package.json'];
  packages.push(`webgpu/dist/${process.platform}-${process.arch}`);
  for (const name of packages) if (!without.includes(name)) await copy(`node_modules/${name}`);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of ['bootstrap/firstResult', 'browser/page/hostCases']) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, `${name}.js`), await transpile(join(root, 'tests', `${name}.ts`)));
  }
  await mkdir(join(folder, 'home'));
  await chmod(folder, 0o755);
  await chmod(join(folder, 'home'), 0o777);
  return folder;
}

/** Can a process have its own view of the file system here? */
export const canHideFiles = spawnSync('unshare', isRoot ? ['-m', 'true'] : ['-rm', 'true']).status === 0;

/** Shell lines that put nothing in the place of every file that matches one of the patterns, and run the rest. */
const hiding = (patterns: readonly string[]): string => `
for file in ${patterns.join(' ')}; do
  if [ -d "$file" ]; then mount -t tmpfs none "$file"; elif [ -e "$file" ]; then mount --bind /dev/null "$file"; fi
done
exec "$@"`;

const libraryFolders = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib', `/usr/lib/*-linux-gnu`];

/** The Vulkan loader, drivers, their settings, and the compiler that lavapipe needs. */
export const vulkanFiles = [
  ...libraryFolders.flatMap((folder) => [`${folder}/libvulkan*.so*`, `${folder}/libLLVM*.so*`]),
  '/usr/share/vulkan',
  '/etc/vulkan',
];

/** What a program finds: files that are not there, and environment variables. */
export interface Circumstances {
  readonly hidden?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs firstResult of `folder` as an ordinary user with an almost empty environment and the folder's own home,
 * where possible without the files that match `hidden`.
 */
export async function runProgram(
  folder: string,
  { hidden = [], env = {} }: Circumstances,
): Promise<FirstResult & { exitDelay: number }> {
  const command: string[] = [];
  if (hidden.length > 0 && canHideFiles) {
    command.push('unshare', isRoot ? '-m' : '-rm', 'sh', '-c', hiding(hidden), 'sh');
  }
  if (isRoot) command.push('setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups');
  command.push(process.execPath, 'bootstrap/firstResult.js');
  const [file, ...args] = command as [string, ...string[]];
  const environment = { PATH: process.env['PATH'], HOME: join(folder, 'home'), ...env };
  return new Promise((resolve, reject) => {
    let printed = 0;
    const child = execFile(file, args, { cwd: folder, env: environment, timeout: 110_000 }, (error, stdout, stderr) => {
      const line = stdout.split('\n').find((each) => each.startsWith('{'));
      if (error || !line) return reject(new Error(`${error?.message ?? 'no result'}\n${stdout}\n${stderr}`));
      resolve({ ...(JSON.parse(line) as FirstResult), exitDelay: performance.now() - printed });
    });
    child.stdout?.on('data', () => (printed = performance.now()));
  });
}

/** What is in the folder that Chiaro prepares GPUs in. */
export const preparedFolders = (folder: string): Promise<string[]> =>
  readdir(join(folder, 'home/.cache/chiaro/vulkan'));
