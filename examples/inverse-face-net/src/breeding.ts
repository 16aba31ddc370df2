import { Generator } from '@chiaro/autograd';
import type { CorpusPlan } from './corpus.js';
import type { MultilinearModel } from './model/multilinearModel.js';
import { perturbParameters } from './model/sampling.js';

/** Perturbed copies of each reconstruction. */
const copies = 2;

/**
 * A corpus of Algorithm 1: all photographs are reconstructed (step 1) and their parameters perturbed twice (step 2);
 * `corpusIn` renders them (step 3), and the network is trained on (step 4). Depends on the network's weights, which a
 * seed and the rounds before fix.
 * @param pool [N * S * S * 3] crops of photographs.
 */
export async function breedingPlan(
  model: MultilinearModel,
  predict: (images: Uint8Array) => Promise<Float32Array>,
  pool: Uint8Array,
  { seed, round }: { readonly seed: number; readonly round: number },
): Promise<CorpusPlan> {
  const reconstructed = await predict(pool);
  const theta = await perturbParameters(model, reconstructed, new Generator(seed * 1000 + round), { copies });
  const m = model.layout.size;
  return {
    count: theta.length / m,
    settings: { kind: 'bred', seed, round },
    parameters: async (first, n) => theta.slice(first * m, (first + n) * m),
  };
}
