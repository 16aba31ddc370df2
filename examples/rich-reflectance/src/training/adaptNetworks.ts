import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ChiaroError } from '@chiaro/autograd';
import type { Setting } from '../experiment.js';
import type { WorldPhoto } from '../world.js';
import { photoBatches } from './photoBatch.js';
import type { StageLoss } from './stages.js';
import { trainStage, type TrainedStage, type TrainingWatch } from './trainStage.js';

/** Rates as a share of the row's own, of what has been learned from thousands of photographs. */
const rateShare = 0.3;

/** How networks go on learning. */
export interface Adaptation extends TrainingWatch {
  /** Steps of a batch each; rounded up to whole epochs. */
  readonly steps: number;
  /** Of the row whose networks they are, and its name. */
  readonly seed: number;
  readonly row: string;
  /** Keeps what was learned: `adapted-...` in it, by row, seed, steps and photographs. */
  readonly folder: string;
}

/**
 * Trained networks go on learning from photographs that are to be taken apart, without labels, as they have learned
 * from those of the world: what tells real photographs from rendered ones (hair, skin, cameras) is made up for. Rates
 * begin at 0.3 of the row's own and fall to zero; fewer photographs than a batch are taken several times. With batch
 * normalisation held as it was, networks went astray. What an ended run has done is not done again.
 * @throws ChiaroError for no photographs; the signal's reason.
 */
export async function adaptNetworks(
  { preset }: Setting,
  loss: StageLoss,
  photographs: readonly WorldPhoto[],
  { steps, seed, row, folder, ...watch }: Adaptation,
): Promise<TrainedStage> {
  if (photographs.length === 0) throw new ChiaroError('none of the photographs shows a face to learn from');
  const hash = createHash('sha256').update(JSON.stringify([row, seed, steps, preset, rateShare]));
  for (const { photo, landmarks } of photographs) hash.update(photo).update(landmarks);
  const count = photographs.length;
  const times = Math.ceil(preset.batchSize / count);
  const pool = Array.from({ length: times }, () => photographs).flat();
  const data = photoBatches({ preset, pool }, 4000 + seed, { photographs: pool.length });
  const networks = Object.fromEntries(
    Object.entries(loss.networks).map(([name, { network, rate }]) => [name, { network, rate: rateShare * rate }]),
  );
  /** Factors no longer change. */
  const factors = Object.fromEntries(
    Object.entries(loss.factors ?? {}).map(([name, factor]) => [name, () => factor(0)] as const),
  );
  return trainStage(
    {
      ...{ folder: join(folder, `adapted-${hash.digest('hex').slice(0, 12)}`), ...loss },
      ...{ networks, data, factors },
      ...{ title: `${row}, seed ${seed}, and ${count} photographs`, seed: 4000 + seed },
      ...{ epochs: Math.ceil(steps / data.length), rateFalls: true },
    },
    watch,
  );
}
