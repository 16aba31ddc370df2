// Chiaro itself, compiled (as jax-js' jit) or plain.
import { compile, idle, realize, tensor } from '@chiaro/tensor';
import { chiaroCases } from '../lib/chiaroCases.mjs';
import { kernelCount, openEngine } from '../lib/engine.mjs';
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
        const result = call(...inputs);
        if (!compiled) await realize(result);
        await idle();
        result.dispose();
      },
      output: () => call(...inputs).data(),
    };
  };
  const named = Object.keys(tensorCases).filter((name) => chiaroCases[name + variant]);
  const cases = Object.fromEntries(named.map((name) => [name, prepare(chiaroCases[name + variant])]));
  return { adapter, errors: () => 0, kernels: kernelCount, cases };
}
