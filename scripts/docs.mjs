// npm run docs: the API reference and the guides, into docs/site.
import { main, runTool, setup } from './lib/setup.mjs';

main(async () => {
  await setup();
  process.exitCode = await runTool('typedoc/bin/typedoc', []);
});
