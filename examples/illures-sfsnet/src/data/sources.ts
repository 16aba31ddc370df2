import type { FaceBatch, FrameBatch, MapPairBatch, PairBatch } from './batch.js';

/** Entries held as bytes on the host, of which batches of tensors are made. */
export interface Source<T> {
  readonly length: number;
  /** The entries of these numbers, in this order. */
  batch(entries: readonly number[]): T;
}

/** All that networks are trained from. */
export interface TrainingSources {
  /**
   * The first `local` entries are SfSNet-syn-like, of local light only; then come Expre-syn-like and Caric-syn-like, path
   * traced. One source, so that a batch holds entries of all sets.
   */
  readonly faces: Source<FaceBatch> & { readonly local: number };
  /** Pairs of one identity in Expre-syn-like. */
  readonly expressionPairs: Source<PairBatch<FaceBatch>>;
  /** Pairs of frames of one clip, drawn by distance of pose. */
  readonly videoPairs: Source<PairBatch<FrameBatch>>;
  /** Pairs for the AlignNet of albedo, and for that of normals. */
  readonly alignment: { readonly albedo: Source<MapPairBatch>; readonly normals: Source<MapPairBatch> };
}
