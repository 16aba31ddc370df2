import { join } from 'node:path';
import { Generator } from '@chiaro/autograd';
import type { Module } from '@chiaro/nn';
import { rows, type Preset, type RowName } from '../config.js';
import type { TrainingSources } from '../data/sources.js';
import { defaultLosses, type AlignNets, type LossOptions } from '../losses.js';
import { AlignNet } from '../networks/alignNet.js';
import type { Decomposer } from '../networks/decomposition.js';
import { IlluResSfsNet } from '../networks/illuResSfsNet.js';
import { SfsNet } from '../networks/sfsNet.js';
import { SkipNet } from '../networks/skipNet.js';
import { alignmentBatches, supervisedBatches, videoBatches } from './batches.js';
import { trainPhase, type Effort, type Following, type Phase } from './phase.js';
import { alignStep, sfsStep, videoStep, wholeStep } from './steps.js';

/** A row of the ablation to be trained. */
export interface Job extends Following {
  readonly preset: Preset;
  readonly row: RowName;
  readonly seed: number;
  /** Of all rows and seeds: phases that rows have in common are shared. */
  readonly out: string;
  readonly losses?: LossOptions;
}

/** A trained row. */
export interface TrainedRow extends Effort {
  readonly network: Decomposer;
  readonly align: AlignNets | undefined;
  /** The folders of its phases, in order. */
  readonly phases: readonly string[];
}

/** The networks of a row, of any seed, before training. */
export function makeNetwork(preset: Preset, row: RowName, seed: number): { sfs: SfsNet; network: Decomposer } {
  const sfs = new SfsNet(preset, new Generator(10 * seed + 1));
  const network = rows[row].residual ? new IlluResSfsNet(sfs, preset, new Generator(10 * seed + 2)) : sfs;
  return { sfs, network };
}

/** The AlignNets of any seed, before training. */
export const makeAlignNets = (preset: Preset, seed: number): AlignNets => ({
  albedo: new AlignNet('albedo', preset, new Generator(10 * seed + 3)),
  normals: new AlignNet('normals', preset, new Generator(10 * seed + 4)),
});

/**
 * Trains a row through all phases of section 4.1. Every row takes the same number of optimiser steps over as many images;
 * rows that leave something out train on what they have meanwhile. What an ended run has done is not done again, nor what
 * another row with the same seed has done.
 *
 * @throws ChiaroError where the folder holds a run with other settings; the signal's reason.
 */
export async function trainRow(
  sources: TrainingSources,
  { preset, row, seed, out, losses = defaultLosses, stream, signal }: Job,
): Promise<TrainedRow> {
  const plan = rows[row];
  const { epochs } = preset;
  const { sfs, network } = makeNetwork(preset, row, seed);
  const [shared, own] = [join(out, `seed-${seed}`), join(out, `seed-${seed}`, row)];
  const phases: string[] = [];
  let effort: Effort = { seconds: 0, steps: 0 };
  const { rate, batchSize } = preset;
  const about = { seed, rate, batchSize, losses: JSON.stringify(losses) };

  const train = async <Batch>(phase: Omit<Phase<Batch>, 'title' | 'about'>): Promise<void> => {
    const title = `IlluRes-SfSNet, ${row}, seed ${seed}: ${phase.folder.slice(shared.length + 1)}`;
    const { seconds, steps } = await trainPhase({ ...phase, title, about }, preset, { stream, signal });
    phases.push(phase.folder);
    effort = { seconds: effort.seconds + seconds, steps: effort.steps + steps };
  };
  const supervised = (of: number): ReturnType<typeof supervisedBatches> =>
    supervisedBatches(sources.faces, preset, 1000 * seed + of);

  let align: AlignNets | undefined;
  if (plan.video === 'alignment') {
    align = makeAlignNets(preset, seed);
    for (const net of [align.albedo, align.normals]) {
      await train({
        ...{ folder: join(shared, `align-${net.maps}`), networks: { net }, epochs: epochs.align, epochsBefore: 0 },
        data: alignmentBatches(sources.alignment[net.maps], preset, 1000 * seed + 10),
        step: alignStep(net, losses),
      });
    }
  }

  let labeller: SkipNet | undefined;
  if (plan.video === 'pseudo-labels') {
    labeller = new SkipNet(preset, new Generator(10 * seed + 5));
    await train({
      ...{
        folder: join(shared, 'labeller'),
        networks: { labeller },
        epochs: epochs.sfs + epochs.whole,
        epochsBefore: 0,
      },
      ...{ data: supervised(20), step: sfsStep(labeller, losses) },
    });
  }

  // first stage of section 3.1, then its second
  await train({
    ...{ folder: join(shared, 'sfs'), networks: { sfs }, epochs: epochs.sfs, epochsBefore: 0 },
    ...{ data: supervised(30), step: sfsStep(sfs, losses) },
  });
  await train({
    ...{ folder: join(shared, plan.residual ? 'whole' : 'sfs-further'), networks: { network } },
    ...{ epochs: epochs.whole, epochsBefore: epochs.sfs },
    ...{ data: supervised(40), step: (plan.residual ? wholeStep : sfsStep)(network, losses) },
  });

  // on videos: other networks fixed, then all together
  const pairs = (of: number): ReturnType<typeof videoBatches> =>
    videoBatches(sources, preset, plan.video !== 'none', 1000 * seed + of);
  const helpers: readonly Module[] = [align?.albedo, align?.normals, labeller].filter((net) => net !== undefined);
  for (const net of helpers) net.freeze().eval();
  const before = epochs.sfs + epochs.whole;
  const networks = { network, align, labeller };
  await train({
    ...{ folder: join(own, 'weak'), networks: { network }, epochs: epochs.weak, epochsBefore: before },
    data: pairs(50),
    step: videoStep(networks, { ...losses, withTruth: false }),
  });
  if (align) for (const net of [align.albedo, align.normals]) net.freeze(false).train();
  await train({
    ...{ folder: join(own, 'joint'), epochs: epochs.joint, epochsBefore: before + epochs.weak },
    data: pairs(60),
    networks: { network, ...(align && { alignAlbedo: align.albedo, alignNormals: align.normals }) },
    step: videoStep(networks, { ...losses, withTruth: true }),
  });
  return { network, align, phases, ...effort };
}
