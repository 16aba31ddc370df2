// node scripts/run.mjs [FILE [ARGUMENTS]]: sets up and builds, then runs FILE (a path from the root).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { main, root, run, setup } from './lib/setup.mjs';

main(async () => {
  const [file, ...args] = process.argv.slice(2);
  await setup();
  if (file === undefined) return;
  const path = join(root, file);
  if (!existsSync(path)) throw new Error(`there is no ${file} yet`);
  process.exitCode = await run(process.execPath, [path, ...args]);
});
