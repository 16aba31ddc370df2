// Single operations on large inputs: the cases of bench:peers, compiled, with every element checked.
import { compile, idle, realize, tensor } from '@chiaro/tensor';
import { caseOf, chiaroCases } from '../lib/chiaroCases.mjs';
import { kernelCount, openEngine } from '../lib/engine.mjs';
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
  const { adapter } = await open();
  const { inputs: makeInputs, check, work } = tensorCases[caseOf(name)];
  const given = makeInputs();
  const inputs = Object.values(given).map(({ data, shape }) => tensor(data, shape));
  await realize(...inputs);
  await idle();
  const compiled = compile(chiaroCases[name]);
  const step = async () => {
    const result = compiled(...inputs);
    await idle();
    result.dispose();
  };
  const samples = await measure(name, step);
  const result = compiled(...inputs);
  check(await result.data(), given);
  [result, ...inputs].forEach((t) => t.dispose());
  compiled.dispose();
  const figures = { ...statistics(samples), ms_first: round(samples.first), kernels: await kernelCount() };
  return { adapter, ...figures, ...work };
}
