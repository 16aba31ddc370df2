// Chiaro itself, compiled (as jax-js' jit) or plain.
import { compile, tensor } from '@chiaro/tensor';
import { chiaroCases } from '../lib/chiaroCases.mjs';
import { openEngine } from '../lib/engine.mjs';
import { tensorCases } from '../lib/tensorCases.mjs';

/** @param options `variant`: which spelling of a case, where there are several. */
export async function open({ compiled, variant = '' }) {
  const engine = await openEngine();
  const prepare = (fn) => async (given) => {
    const inputs = Object.values(given).map(({ data, shape }) => tensor(data, shape));
    engine.realize(inputs);
    await engine.idle();
    const call = compiled ? compile(fn) : fn;
    return {
      async step() {
        const result = call(...inputs);
        engine.realize([result]);
        await engine.idle();
        result.dispose();
      },
      output: () => call(...inputs).data(),
    };
  };
  const { adapter, errors, kernels } = engine;
  const named = Object.keys(tensorCases).filter((name) => chiaroCases[name + variant]);
  const cases = Object.fromEntries(named.map((name) => [name, prepare(chiaroCases[name + variant])]));
  return { adapter, errors, kernels, cases };
}
