import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeviceError } from '../../../errors.js';
import { prepareFolder } from '../preparedFolder.js';

/** What a prepared folder holds, in its driver.json; names are relative to the folder. */
interface DriverManifest {
  /** Shared libraries in the order in which they must be loaded, the Vulkan loader among them. */
  readonly libraries: readonly string[];
  /** The file that tells the Vulkan loader where the driver is. */
  readonly icd: string;
}

const manifestName = 'driver.json';

/** Loaded libraries: the linker would drop them with the last reference. */
const loaded: unknown[] = [];

async function loadLibrary(path: string): Promise<void> {
  const { default: koffi } = await import('koffi');
  loaded.push(koffi.load(path, { lazy: true }));
}

/** True if the system has a Vulkan loader of its own. */
export async function hasVulkanLoader(): Promise<boolean> {
  try {
    await loadLibrary('libvulkan.so.1');
    return true;
  } catch {
    return false;
  }
}

/** Makes the Vulkan loader of this process use the driver in `folder`; Dawn instances created from now on see it. */
async function useDriver(folder: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(folder, manifestName), 'utf8')) as DriverManifest;
  for (const library of manifest.libraries) {
    const path = join(folder, library);
    await loadLibrary(path).catch((cause: unknown) => {
      const advice = `remove the folder ${folder} to have it prepared again`;
      throw new DeviceError(`cannot load ${path}: ${(cause as Error).message}; ${advice}`, { cause });
    });
  }
  process.env['VK_DRIVER_FILES'] = join(folder, manifest.icd);
  process.env['VK_ICD_FILENAMES'] = join(folder, manifest.icd); // the same for loaders before 1.3.207
}

/** Prepares `folder` by `fill`, which returns its manifest, unless it is there already; then uses its driver. */
export async function prepareDriver(folder: string, fill: (folder: string) => Promise<DriverManifest>): Promise<void> {
  if (!existsSync(folder)) {
    await prepareFolder(folder, async (temporary) => {
      await writeFile(join(temporary, manifestName), JSON.stringify(await fill(temporary), null, 2));
    });
  }
  await useDriver(folder);
}
