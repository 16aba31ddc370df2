// Networks: convolutions forward and with gradients, inference, a training step; compiled, the cases of bench:peers.
import { convCases } from '../lib/convCases.mjs';
import { measure } from '../lib/measure.mjs';
import { networkCases } from '../lib/networkCases.mjs';
import { round, statistics } from '../lib/rows.mjs';
import { startWithoutShaders } from '../lib/shaderCache.mjs';
import { open } from '../peers/chiaro.mjs';

export const title = 'Convolutions, inference and a training step, compiled';
export const cases = [...Object.keys(convCases), ...Object.keys(networkCases)];

let opened;
function chiaro() {
  if (!opened) startWithoutShaders();
  return (opened ??= open({ compiled: true }));
}

export async function run(name) {
  const { adapter, kernels, cases: own } = await chiaro();
  const { inputs, check, work } = { ...convCases, ...networkCases }[name];
  const given = inputs();
  const { step, output } = await own[name](given);
  const samples = await measure(name, step);
  check(await output(), given);
  const figures = statistics(samples);
  const { flops } = work;
  return {
    adapter,
    ...figures,
    ms_first: round(samples.first),
    kernels: await kernels(),
    ...(flops === undefined ? {} : { gflops: round(flops / figures.ms_median / 1e6) }),
    ...(name.endsWith('_step') ? { steps_per_second: round(1000 / figures.ms_median) } : {}),
  };
}
