import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** True if files can be created in `folder` (which is made if need be). */
export function isWritableFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const userName = (): string => String(process.getuid?.() ?? process.env['USERNAME'] ?? 'user');

function chooseCacheRoot(): string {
  const chosen = process.env['CHIARO_CACHE_DIR'];
  if (chosen) return chosen;
  const base =
    process.platform === 'darwin'
      ? join(homedir(), 'Library', 'Caches')
      : process.platform === 'win32'
        ? (process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'))
        : (process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'));
  const folder = join(base, 'chiaro');
  return isWritableFolder(folder) ? folder : join(tmpdir(), `chiaro-${userName()}`);
}

let root: string | undefined;

/**
 * The folder that everything Chiaro caches lives in: CHIARO_CACHE_DIR, else the user's cache folder, else one in the
 * temporary folder (a user without a writable home).
 */
export function cacheRoot(): string {
  root ??= chooseCacheRoot();
  return root;
}
