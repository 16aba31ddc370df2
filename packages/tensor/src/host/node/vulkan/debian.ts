import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { driverSources, readArchives } from './aptSources.js';
import { runCommand } from './runCommand.js';

/** Libraries that Node itself runs on: the system's must be used. */
const systemLibraries = new Set(['libc6', 'libgcc-s1', 'libstdc++6']);

/**
 * apt's settings for work inside `folder`: own lists, cache and sources, nothing of the system's changed, no root
 * needed. The system's hooks (which clean its caches and wake its desktop) are switched off; its proxies stay.
 */
const aptSettings = (folder: string): string => `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State::Lists "${folder}/lists";
Dir::Cache "${folder}/cache";
Dir::Etc::SourceList "${folder}/driver.sources";
Dir::Etc::SourceParts "/dev/null";
APT::Sandbox::User "root";
APT::Get::List-Cleanup "false";
Acquire::Languages "none";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
`;

/** Packages whose names `apt-cache depends --recurse` printed as dependencies, libraries only, and `wanted`. */
export function libraryPackages(printed: string, wanted: readonly string[]): string[] {
  const names = new Set(wanted);
  for (const [, name] of printed.matchAll(/^ *\|?(?:Pre)?Depends: ([a-z0-9][a-z0-9+.-]*)$/gm)) {
    if (/^(lib|zlib)/.test(name!) && !systemLibraries.has(name!)) names.add(name!);
  }
  return [...names];
}

/**
 * Downloads Debian (or Ubuntu) packages with every library they depend on, and unpacks them below `folder`/root, as
 * any user. `release` is the system's os-release. Returns the folder with the packages' files.
 */
export async function unpackPackages(
  folder: string,
  packages: readonly string[],
  release: ReadonlyMap<string, string>,
  onProgress: (message: string) => void,
): Promise<string> {
  const root = join(folder, 'root');
  const downloads = join(folder, 'downloads');
  for (const each of ['lists/partial', 'cache/archives/partial', 'downloads', 'root']) {
    await mkdir(join(folder, each), { recursive: true });
  }
  const sources = driverSources(await readArchives('/etc/apt'), release);
  await writeFile(join(folder, 'driver.sources'), sources.text);
  await writeFile(join(folder, 'apt.conf'), aptSettings(folder));
  const common = ['-c', join(folder, 'apt.conf'), '-t', sources.suite];

  onProgress('reading the package lists');
  await runCommand('apt-get', [...common, '-q', 'update']);
  const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const closure = await runCommand('apt-cache', [...common, 'depends', '--recurse', ...kinds, ...packages]);
  const names = libraryPackages(closure, packages);

  onProgress(`downloading ${names.length} packages`);
  await runCommand('apt-get', [...common, '-q', 'download', ...names], { cwd: downloads });

  onProgress('unpacking');
  for (const file of await readdir(downloads)) {
    await runCommand('dpkg-deb', ['-x', join(downloads, file), root]);
  }
  return root;
}
