import { ChiaroError, concat, type Tensor } from '@chiaro/autograd';
import { shuffledOrder, type Batched, type BatchSource } from '@chiaro/nn';
import type { Preset } from '../config.js';
import type { FaceBatch, FrameBatch, MapPairBatch, PairBatch } from '../data/batch.js';
import type { Source, TrainingSources } from '../data/sources.js';

/**
 * Epochs of so many batches, each made from epoch and number alone, so that a run can go on anywhere.
 * @throws ChiaroError where there is no batch.
 */
function epochsOf<Batch>(
  what: string,
  length: number,
  make: (epoch: number, index: number) => Batch,
): BatchSource<Batch> {
  if (length === 0) throw new ChiaroError(`${what} are too few for one batch; render more, or take smaller batches`);
  return {
    length,
    async *batches(epoch: number, from: number): AsyncGenerator<Batched<Batch>> {
      for (let index = from; index < length; index++) yield { epoch, index, batch: make(epoch, index) };
    },
  };
}

/** The endless sequence of entries that passes over `count` of them in ever new orders: `from` and those after it. */
function drawn(count: number, seed: number): (from: number, n: number) => number[] {
  let known: { pass: number; order: Uint32Array } | undefined;
  return (from, n) =>
    Array.from({ length: n }, (_, i) => {
      const pass = Math.floor((from + i) / count);
      if (known?.pass !== pass) known = { pass, order: shuffledOrder(count, seed, pass) };
      return known.order[(from + i) % count];
    });
}

/** Section 4.1: in an epoch, random images of the local set and all of the others. */
export function supervisedBatches(
  faces: TrainingSources['faces'],
  { localPerEpoch, batchSize }: Preset,
  seed: number,
): BatchSource<FaceBatch> {
  const others = Array.from({ length: faces.length - faces.local }, (_, i) => faces.local + i);
  const local = drawn(faces.local, seed);
  const count = localPerEpoch + others.length;
  let known: { epoch: number; entries: number[] } | undefined;
  return epochsOf(`${count} rendered faces`, Math.floor(count / batchSize), (epoch, index) => {
    if (known?.epoch !== epoch) {
      const all = [...local(epoch * localPerEpoch, localPerEpoch), ...others];
      known = { epoch, entries: Array.from(shuffledOrder(count, seed + 1, epoch), (place) => all[place]) };
    }
    return faces.batch(known.entries.slice(index * batchSize, (index + 1) * batchSize));
  });
}

/** All pairs of an AlignNet's set in a new order. */
export function alignmentBatches(
  pairs: Source<MapPairBatch>,
  { alignBatchSize: size }: Preset,
  seed: number,
): BatchSource<MapPairBatch> {
  const next = drawn(pairs.length, seed);
  const length = Math.floor(pairs.length / size);
  return epochsOf(`${pairs.length} pairs of maps`, length, (epoch, index) =>
    pairs.batch(next((epoch * length + index) * size, size)),
  );
}

/** Pairs of video frames, and pairs of synthetic faces that have their truth. */
export interface VideoBatch {
  readonly video?: PairBatch<FrameBatch>;
  readonly synthetic: PairBatch<FaceBatch>;
}

/** Batches of the later phases. Without videos, synthetic pairs take the places of pairs of frames. */
export function videoBatches(
  { videoPairs, expressionPairs }: Pick<TrainingSources, 'videoPairs' | 'expressionPairs'>,
  { pairs, videoPairsPerEpoch }: Preset,
  withVideo: boolean,
  seed: number,
): BatchSource<VideoBatch> {
  const length = Math.floor(videoPairsPerEpoch / pairs.video);
  const video = drawn(videoPairs.length, seed);
  const synthetic = drawn(expressionPairs.length, seed + 1);
  const size = withVideo ? pairs.synthetic : pairs.synthetic + pairs.video;
  return epochsOf(`${videoPairsPerEpoch} pairs of frames`, length, (epoch, index) => {
    const step = epoch * length + index;
    const truth = { synthetic: expressionPairs.batch(synthetic(step * size, size)) };
    return withVideo ? { video: videoPairs.batch(video(step * pairs.video, pairs.video)), ...truth } : truth;
  });
}

/** All entries i of pairs, then all entries j, as one batch. */
export const stacked = <T extends FrameBatch>({ i, j }: PairBatch<T>): T =>
  Object.fromEntries(
    Object.entries(i).map(([name, x]) => [name, concat([x as Tensor, j[name as keyof T] as Tensor], 0)]),
  ) as unknown as T;
