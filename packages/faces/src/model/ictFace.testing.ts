import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where the optional ICT model is: CHIARO_ICT_FACE, or shared/data/ict-face in this checkout or a folder above it.
 * Undefined where it is absent; tests that need it skip then.
 */
export function findICTFace(): string | undefined {
  const named = process.env['CHIARO_ICT_FACE'];
  if (named !== undefined) return named;
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'shared/data/ict-face/ict_face.safetensors');
    if (existsSync(path)) return path;
  }
  return undefined;
}
