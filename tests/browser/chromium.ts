import { existsSync, createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { chromium, type Browser } from 'playwright-core';
import { cacheRoot } from '../../packages/tensor/src/host/node/paths.js';
import { prepareFolder } from '../../packages/tensor/src/host/node/preparedFolder.js';
import { runCommand } from '../../packages/tensor/src/host/node/vulkan/runCommand.js';

/** Unpacks the Chromium of the npm package @sparticuz/chromium into the cache folder, once per version. */
async function prepareChromium(): Promise<string> {
  const source = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..', '..');
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  const folder = join(cacheRoot(), `chromium-${version}`);
  if (existsSync(folder)) return folder;
  await prepareFolder(folder, async (temporary) => {
    const unpacked = (name: string): NodeJS.ReadableStream =>
      createReadStream(join(source, 'bin', name)).pipe(createBrotliDecompress());
    await pipeline(unpacked('chromium.br'), createWriteStream(join(temporary, 'chromium'), { mode: 0o755 }));
    for (const name of ['swiftshader.tar', 'fonts.tar', 'al2023.tar']) {
      const tar = join(temporary, name);
      await pipeline(unpacked(`${name}.br`), createWriteStream(tar));
      await runCommand('tar', ['-x', '-f', tar, '-C', temporary, '--no-same-owner']);
    }
  });
  return folder;
}

/** A headless Chromium whose WebGPU runs on SwiftShader. */
export async function launchChromium(): Promise<Browser> {
  const folder = await prepareChromium();
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: join(folder, 'lib'), // the package brings the libraries and the font that a bare system lacks
    FONTCONFIG_PATH: folder,
    VK_DRIVER_FILES: undefined, // set by our own host for this process's software GPU
    VK_ICD_FILENAMES: undefined,
  };
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    env,
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}
