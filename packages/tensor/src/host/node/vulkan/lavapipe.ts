import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DeviceError } from '../../../errors.js';
import { cacheRoot } from '../paths.js';
import { parseOsRelease } from './aptSources.js';
import { unpackPackages } from './debian.js';
import { loadOrder } from './elf.js';
import { prepareDriver } from './preparedDriver.js';

const loader = 'libvulkan.so.1';
const driver = 'libvulkan_lvp.so';
const packages = ['mesa-vulkan-drivers', 'libvulkan1'];

/** All files below `folder` that look like shared libraries, by name. */
async function findLibraries(folder: string): Promise<Map<string, string>> {
  const files = await readdir(folder, { recursive: true });
  return new Map(files.filter((file) => /\.so(\.|$)/.test(file)).map((file) => [basename(file), join(folder, file)]));
}

/** Mesa's software Vulkan driver, from the packages of a Debian or Ubuntu system, without root, in our cache. */
export async function useLavapipe(onProgress: (message: string) => void): Promise<void> {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-deb')) {
    throw new DeviceError('lavapipe can be prepared only on Linux systems with apt-get and dpkg-deb (Debian, Ubuntu)');
  }
  const release = parseOsRelease(await readFile('/etc/os-release', 'utf8'));
  const system = `${release.get('ID') ?? 'linux'}${release.get('VERSION_ID') ?? ''}`;
  await prepareDriver(join(cacheRoot(), 'vulkan', `lavapipe-${system}-${process.arch}`), async (folder) => {
    const report = (message: string): void => onProgress(`preparing the software GPU lavapipe (once): ${message}`);
    const work = join(folder, 'work');
    const available = await findLibraries(await unpackPackages(work, packages, release, report));
    for (const name of [loader, driver]) {
      if (!available.has(name)) throw new DeviceError(`the packages of this system bring no ${name}`);
    }
    const order = await loadOrder([loader, driver], available);
    await mkdir(join(folder, 'lib'));
    for (const name of order) await copyFile(available.get(name)!, join(folder, 'lib', name));
    const icd = { file_format_version: '1.0.0', ICD: { library_path: `./lib/${driver}`, api_version: '1.3.0' } };
    await writeFile(join(folder, 'icd.json'), JSON.stringify(icd));
    await rm(work, { recursive: true });
    return { libraries: order.map((name) => `lib/${name}`), icd: 'icd.json' };
  });
}
