// npm start: the best true thing there is to see.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { main, root, run, setup } from './lib/setup.mjs';

main(async () => {
  await setup();
  const example = join(root, 'examples/first-light/dist/main.js');
  const script = existsSync(example) ? example : join(root, 'scripts/doctor.mjs');
  process.exitCode = await run(process.execPath, [script, ...process.argv.slice(2)]);
});
