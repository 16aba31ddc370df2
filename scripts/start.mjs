// npm start [-- photo.jpg --out folder --quick ...]: a face from one photograph. npm start -- --help lists the options.
import { join } from 'node:path';
import { main, root, run, setup } from './lib/setup.mjs';

main(async () => {
  await setup();
  process.on('SIGINT', () => undefined); // Ctrl-C reaches the command too, which saves its state before it ends
  const command = join(root, 'packages/faces/dist/cli/main.js');
  process.exitCode = await run(process.execPath, [command, ...process.argv.slice(2)]);
});
