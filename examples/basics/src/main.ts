// npm run example basics -- [NAME ...] [--preset small | smoke] [--out FOLDER]
import { parseArgs } from 'node:util';
import { presets, scripts, type PresetName, type ScriptName } from './scripts.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { preset: { type: 'string', default: 'small' }, out: { type: 'string', default: 'out/basics' } },
});
const names = positionals.length > 0 ? positionals : Object.keys(scripts);
const unknown = names.find((name) => !(name in scripts));
if (unknown !== undefined || !(values.preset in presets)) {
  throw new Error(
    `usage: npm run example basics -- [${Object.keys(scripts).join(' | ')}] [--preset ${Object.keys(presets).join(' | ')}]`,
  );
}
for (const name of names as ScriptName[]) {
  const started = performance.now();
  const { lines } = await scripts[name]({ ...presets[values.preset as PresetName][name], out: values.out });
  console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s, pictures in ${values.out}/${name}.jpg`);
  for (const line of lines) console.log(`  ${line}`);
}
