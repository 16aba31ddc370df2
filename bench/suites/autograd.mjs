// Gradients: a training step, gathers, deep chains, second order, checkpoints; each plain and as a compiled function.
import { compile, idle, profile, realize } from '@chiaro/autograd';
import { globals } from 'webgpu';
import { autogradCases } from '../lib/autogradCases.mjs';
import { kernelCount, openEngine } from '../lib/engine.mjs';
import { measure } from '../lib/measure.mjs';
import { runProbe } from '../lib/probe.mjs';
import { round, statistics } from '../lib/rows.mjs';
import { startWithoutShaders } from '../lib/shaderCache.mjs';

export const title = 'Gradients, plain and compiled; peak_mb: buffers of one step';
export const cases = Object.keys(autogradCases).flatMap((name) => [name, `${name} compiled`]);

const calls = { submit: 0, dispatchWorkgroups: 0 };
for (const [type, name] of [
  [globals.GPUQueue, 'submit'],
  [globals.GPUComputePassEncoder, 'dispatchWorkgroups'],
]) {
  const original = type.prototype[name];
  type.prototype[name] = function (...args) {
    calls[name]++;
    return original.apply(this, args);
  };
}

let opened;
function open() {
  if (!opened) startWithoutShaders();
  return (opened ??= openEngine());
}

export async function run(full) {
  const [name, compiled] = full.split(' ');
  const { adapter } = await open();
  const given = autogradCases[name]();
  await realize(...given.state);
  await idle();
  const step = compiled ? compile(given.step) : given.step;
  const call = async () => {
    const result = step(...given.args());
    if (!compiled) await realize(result);
    await idle();
    return result;
  };
  const results = [];
  let first = performance.now();
  for (let i = 0; i < (given.checked ?? 1); i++) {
    const result = await call();
    if (i === 0) first = performance.now() - first;
    results.push(await result.data());
    result.dispose();
  }
  given.check(results);
  const start = { ...calls };
  (await call()).dispose();
  const submits = calls.submit - start.submit;
  const dispatches = calls.dispatchWorkgroups - start.dispatchWorkgroups;
  const samples = await measure(full, async () => (await call()).dispose());
  const figures = { ...statistics(samples), ms_first: round(first), kernels: await kernelCount(), dispatches, submits };
  if (given.memory) {
    const { figures: peak } = await runProbe('peak', { args: compiled ? [name, 'compiled'] : [name] });
    figures.peak_mb = round(peak.peak_mb);
  }
  if (given.matmulFlops && compiled) {
    const { kernels } = await profile(call);
    const ms = kernels.filter((k) => /matmul/.test(k.label)).reduce((sum, k) => sum + k.ms, 0);
    if (ms > 0) figures.matmul_gflops = round(given.matmulFlops / ms / 1e6);
  }
  given.state.forEach((t) => t.dispose());
  if (compiled) step.dispose();
  return { adapter, ...figures };
}
