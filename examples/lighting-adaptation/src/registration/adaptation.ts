import { Parameter, stack, tensor, zeros, type Tensor } from '@chiaro/autograd';
import { lightOfFrames, seesFrames } from '../light/lightModel.js';
import { HeadParameters, type Head } from './heads.js';
import { Minimiser, type MinimiseOptions, type Schedule } from './minimise.js';
import { drawLit, pixelLoss } from './pixelLoss.js';
import type { LitSubject } from './subject.js';

/** Step 2's options. */
export interface AdaptationOptions {
  /** Times that light and model alternate; 4 in the paper. */
  readonly rounds: number;
  /** Of the light code: 250 iterations at 1e-2. */
  readonly light: Schedule;
  /** Of the light model and the key frames' heads: 500 at 1e-3. */
  readonly model: Schedule;
  /** lambda of the Laplacian in eq. 7, which the paper does not give. */
  readonly laplacian: number;
  /** Weight of the mean square of the key frames' codes; the paper has none. */
  readonly codePrior: number;
  /** Key frames of an iteration, spread over the clip, in turn; all at once in the paper. */
  readonly batch: number;
}

/** What step 2 finds. The light model is changed in place. */
export interface Adaptation {
  /** [L] l, of the whole clip. */
  readonly light: Float32Array;
  /** The key frames' heads. */
  readonly heads: readonly Head[];
  /** Last loss of eq. 7. */
  readonly loss: number;
}

/**
 * Which of `count` key frames an iteration sees, in turn: `size` that are spread over the clip. Neighbours in time look alike, and
 * the model would follow the part of the clip that it saw last.
 */
export const spreadBatches = (count: number, size: number): number[][] =>
  Array.from({ length: count }, (_, first) =>
    Array.from({ length: size }, (_, k) => (first + Math.floor((k * count) / size)) % count),
  );

/**
 * Step 2, algorithm 1: the clip's light code, which starts at zero, and then the light model and the key frames' heads, in
 * turns, so that the key frames look as they do. The model is changed in place. Of a model that sees the frames the clip's code
 * stays zero.
 * @param photos [S, S, 3] linear RGB of the key frames. @param heads where they are by step 1.
 */
export async function adaptLight(
  subject: LitSubject,
  photos: readonly Tensor[],
  heads: readonly Head[],
  { rounds, light, model, laplacian, codePrior, batch }: AdaptationOptions,
  { signal, onStep }: MinimiseOptions = {},
): Promise<Adaptation> {
  const code = new Parameter(zeros([subject.light.codeSize]));
  const keys = new HeadParameters(heads);
  const size = Math.min(batch, photos.length);
  const loss = (rows: Tensor, ...here: Tensor[]): Tensor => {
    const frames = stack(here);
    const poses = keys.poses(rows);
    const drawn = drawLit(subject, poses, lightOfFrames(subject.light, code, frames));
    return pixelLoss(drawn, frames, laplacian).add(poses.codes.square().mean().mul(codePrior));
  };
  const [phi, theirs, fixed] = [subject.light.parameters(), keys.parameters(), subject.avatar.parameters()];
  const ofLight = new Minimiser([code], [...phi, ...theirs, ...fixed], loss);
  const ofModel = new Minimiser([...phi, ...theirs], [code, ...fixed], loss);
  const batches = spreadBatches(photos.length, size);
  const rows = batches.map((list) => tensor(Int32Array.from(list)));
  const inputs = (k: number): [Tensor, ...Tensor[]] => {
    const at = k % batches.length;
    return [rows[at], ...batches[at].map((frame) => photos[frame])];
  };
  const each = light.iterations + model.iterations;
  let last = NaN;
  for (let round = 0; round < rounds; round++) {
    const told = (from: number): MinimiseOptions => ({
      signal,
      onStep: (done, value) => onStep?.(round * each + from + done, value),
    });
    if (!seesFrames(subject.light)) await ofLight.run(light, inputs, told(0));
    last = await ofModel.run(model, inputs, told(light.iterations));
  }
  return { light: Float32Array.from(await code.data()), heads: await keys.read(), loss: last };
}
