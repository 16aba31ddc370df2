// One peer, one case, one process: node run.mjs PEER CASE OUTPUT-FILE SECONDS PEERS-FOLDER. Prints one line of JSON and
// writes the output's elements as they lie in memory.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { measure } from '../lib/measure.mjs';
import { round, statistics } from '../lib/rows.mjs';
import { startWithoutShaders } from '../lib/shaderCache.mjs';
import { peerCases } from '../lib/peerCases.mjs';
import { peers } from './peers.mjs';

const [who, name, outputFile, seconds, folder] = process.argv.slice(2);

/** Measures, then checks nothing but that the device was content: the parent compares the outputs. */
async function run() {
  startWithoutShaders();
  const { module, options } = peers[who];
  const { open } = await import(`./${module}.mjs`);
  const { load } = await import(pathToFileURL(join(folder, 'load.mjs')).href);
  const peer = await open({ ...options, load });
  const make = peer.cases[name];
  if (!make) return { missing: true };
  const { step, output } = await make(peerCases[name].inputs());
  const samples = await measure(name, step, { seconds: Number(seconds) });
  const elements = await output();
  writeFileSync(outputFile, new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
  const errors = peer.errors();
  return {
    adapter: peer.adapter,
    ...(errors > 0 ? { error: `the device reported ${errors} errors` } : statistics(samples)),
    ms_first: round(samples.first),
    kernels: await peer.kernels(),
  };
}

let result;
try {
  result = await run();
} catch (reason) {
  result = {
    error: String(reason?.message ?? reason)
      .split('\n')[0]
      .slice(0, 200),
  };
}
console.log(`\n${JSON.stringify(result)}`);
process.exit(0); // libraries may keep the event loop alive
