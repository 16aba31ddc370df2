// Mesa keeps compiled kernels on disk between processes: a benchmark that shows first calls must not find them there.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes an empty folder for Mesa's compiled kernels. */
export const makeShaderCache = () => mkdtempSync(join(tmpdir(), 'chiaro-shaders-'));

/** Lets this process begin without compiled kernels; call it before the GPU is opened. */
export function startWithoutShaders() {
  const folder = makeShaderCache();
  process.env.MESA_SHADER_CACHE_DIR = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
}
