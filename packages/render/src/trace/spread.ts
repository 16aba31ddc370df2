import { arange, elementwise, randBits, tensor } from '../engine.js';
import type { Generator, Tensor } from '../engine.js';
import { filmOffset, pixelPlace } from './sampling.js';
import { keyOfBatch, numbersFunction, sobol, stratified, stratumOf } from './samplers.js';
import type { Structure } from './structure.js';

/** How samples are spread; see `PathTraceOptions`. */
interface SampleChoices {
  readonly spp?: number;
  readonly batches?: number;
  readonly sampler?: 'independent' | 'stratified' | 'sobol';
  readonly filter?: Structure['filter'];
  readonly seed?: number;
  readonly generator?: Generator;
}

/** [1, 4] words that key the random numbers. */
export function randomKey({ seed, generator }: SampleChoices): Tensor {
  if (seed !== undefined) return tensor(Uint32Array.of(seed, 0x5eed, 0, 0), [1, 4]);
  return randBits([1, 4], generator ? { generator } : {});
}

/** The numbers that tell the kernels how samples are spread. */
export interface Spread {
  readonly strataColumns: number;
  readonly strataRows: number;
  readonly sobolDigits: number;
}

/**
 * How the samples of a batch are spread: a nearly square grid of at least `spp` strata, and of no more if there is one, or a single
 * stratum; or how many digits of Sobol's sequence tell them apart.
 */
export function spread({ spp: all = 16, batches = 1, sampler = 'stratified' }: SampleChoices): Spread {
  const spp = all / batches;
  if (sampler === 'independent') return { strataColumns: 1, strataRows: 1, sobolDigits: 0 };
  if (sampler === 'sobol')
    return { strataColumns: 1, strataRows: 1, sobolDigits: Math.max(1, Math.ceil(Math.log2(spp))) };
  const most = Math.floor(Math.sqrt(spp));
  let strataRows = most;
  while (spp % strataRows !== 0 && 2 * strataRows * strataRows > spp) strataRows--;
  if (spp % strataRows !== 0) strataRows = most;
  return { strataColumns: Math.ceil(spp / strataRows), strataRows, sobolDigits: 0 };
}

/** Where on the film, in pixels, the samples of `pathTrace` are that has the same choices: [H, W, spp, 2]. */
export function filmPlaces({ height, width }: { height: number; width: number }, choices: SampleChoices): Tensor {
  const { spp = 16, filter = 'box' } = choices;
  const { strataColumns: columns, strataRows: rows, sobolDigits } = spread(choices);
  const key = elementwise(keyOfBatch, randomKey(choices).narrow(1, 0, 2), 0);
  const each = { dtype: 'uint32' } as const;
  const [pixel, sample] = [arange(height * width, undefined, 1, each).unsqueeze(1), arange(spp, undefined, 1, each)];
  const ofSobol = (): Tensor => elementwise(sobol, pixel, sample, 0, key, sobolDigits).narrow(2, 0, 2);
  const ofGrid = (): Tensor => {
    const u = elementwise(numbersFunction, pixel, sample, 0, key);
    return elementwise(stratified, u, elementwise(stratumOf, sample, pixel, 0, key, columns, rows), columns, rows);
  };
  const offset = elementwise(filmOffset[filter], sobolDigits > 0 ? ofSobol() : ofGrid());
  return elementwise(pixelPlace, pixel, width, offset).reshape([height, width, spp, 2]);
}
