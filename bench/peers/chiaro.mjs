// Chiaro itself, compiled (as jax-js' jit) or plain.
import { compile, idle, realize, tensor } from '@chiaro/autograd';
import { autogradCases } from '../lib/autogradCases.mjs';
import { chiaroCases } from '../lib/chiaroCases.mjs';
import { convCases } from '../lib/convCases.mjs';
import { convFunction } from '../lib/convFunctions.mjs';
import { kernelCount, openEngine } from '../lib/engine.mjs';
import { gradientCases } from '../lib/gradientCases.mjs';
import { joined } from '../lib/inputs.mjs';
import { inferenceCases } from '../lib/networkCases.mjs';
import { cnnStep, inferenceFunction } from '../lib/networkSteps.mjs';
import { tensorCases } from '../lib/tensorCases.mjs';

/** @param options `variant`: which spelling of a case, where there are several. */
export async function open({ compiled, variant = '' }) {
  const { adapter } = await openEngine();
  const prepare = (fn) => async (given) => {
    const inputs = Object.values(given).map(({ data, shape }) => tensor(data, shape));
    await realize(...inputs);
    await idle();
    const call = compiled ? compile(fn) : fn;
    return {
      async step() {
        const results = [call(...inputs)].flat();
        if (!compiled) await realize(...results);
        await idle();
        results.forEach((each) => each.dispose());
      },
      async output() {
        const parts = await Promise.all([call(...inputs)].flat().map((each) => each.data()));
        return parts.length === 1 ? parts[0] : joined(parts);
      },
    };
  };
  /** A case of the suite autograd; one that trains gives the results of its first steps. */
  const derivative = (make) => async (given) => {
    const start = async () => {
      const { state, step, args = () => [] } = make(given);
      await realize(...state);
      const call = compiled ? compile(step) : step;
      return () => call(...args());
    };
    const one = await start();
    return {
      async step() {
        const result = one();
        if (!compiled) await realize(result);
        await idle();
        result.dispose();
      },
      async output() {
        const [fresh, results] = [await start(), []];
        for (let i = 0; i < (make(given).checked ?? 1); i++) results.push(...(await fresh().data()));
        return Float32Array.from(results);
      },
    };
  };
  const named = Object.keys(tensorCases).filter((name) => chiaroCases[name + variant]);
  const cases = Object.fromEntries(named.map((name) => [name, prepare(chiaroCases[name + variant])]));
  if (!variant) {
    for (const name of Object.keys(gradientCases)) cases[name] = derivative(autogradCases[name]);
    for (const name of Object.keys(convCases)) cases[name] = prepare(convFunction(name));
    for (const name of Object.keys(inferenceCases)) {
      cases[name] = ({ x, ...weights }) => prepare(inferenceFunction(name, weights))({ x });
    }
    cases.cnn_step = derivative(cnnStep);
  }
  return { adapter, errors: () => 0, kernels: kernelCount, cases };
}
