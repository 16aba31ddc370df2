// npm run example NAME -- [ARGUMENTS]: runs examples/NAME.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { main, root, run, setup } from './lib/setup.mjs';

const folder = join(root, 'examples');
const entry = (name) => join(folder, name, 'dist/main.js');

main(async () => {
  const [name, ...args] = process.argv.slice(2);
  await setup();
  const names = existsSync(folder) ? readdirSync(folder).filter((each) => existsSync(entry(each))) : [];
  if (!names.includes(name)) {
    throw new Error(`npm run example NAME, got ${name ?? 'no name'}; there are: ${names.join(', ') || 'none yet'}`);
  }
  process.exitCode = await run(process.execPath, [entry(name), ...args]);
});
