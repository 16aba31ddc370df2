// Single operations on large inputs: the cases of bench:peers, compiled, with every element checked.
import { compile, tensor } from '@chiaro/tensor';
import { caseOf, chiaroCases } from '../lib/chiaroCases.mjs';
import { openEngine } from '../lib/engine.mjs';
import { measure } from '../lib/measure.mjs';
import { round, statistics } from '../lib/rows.mjs';
import { startWithoutShaders } from '../lib/shaderCache.mjs';
import { tensorCases } from '../lib/tensorCases.mjs';

export const title = 'Single operations on large inputs, compiled';
export const cases = Object.keys(chiaroCases);

let opened;
function open() {
  if (!opened) startWithoutShaders();
  return (opened ??= openEngine());
}

export async function run(name) {
  const engine = await open();
  const { inputs: makeInputs, check, work } = tensorCases[caseOf(name)];
  const given = makeInputs();
  const inputs = Object.values(given).map(({ data, shape }) => tensor(data, shape));
  engine.realize(inputs);
  await engine.idle();
  const compiled = compile(chiaroCases[name]);
  const step = async () => {
    const result = compiled(...inputs);
    await engine.idle();
    result.dispose();
  };
  const errors = engine.errors();
  const samples = await measure(name, step);
  const result = compiled(...inputs);
  check(await result.data(), given);
  if (engine.errors() > errors) throw new Error(`the device reported ${engine.errors() - errors} errors`);
  [result, ...inputs].forEach((t) => t.dispose());
  compiled.dispose();
  return {
    adapter: engine.adapter,
    ...statistics(samples),
    ms_first: round(samples.first),
    kernels: engine.kernels(),
    ...work,
  };
}
