import type { Tensor } from '@chiaro/autograd';
import type { EnhancedWeights } from '@chiaro/faces';
import type { Stage } from './trainStage.js';

/** Factors of a stage with textures; `diffuseConsistency` is that of its first epoch. */
export type StageWeights = EnhancedWeights & { readonly diffuseConsistency: number };

/** The weight of consistency, which halves with each epoch after those before. */
export const halvingConsistency = (
  { diffuseConsistency }: StageWeights,
  epochsBefore: number,
): NonNullable<Stage<never>['factors']> => ({
  diffuseConsistency: (epoch) => diffuseConsistency * 0.5 ** (epochsBefore + epoch),
});

/** The weights of a stage with the consistency of this epoch, as `halvingConsistency` gives it. */
export const weightsNow = (
  weights: StageWeights,
  { diffuseConsistency }: Readonly<Record<string, Tensor>>,
): EnhancedWeights => ({
  ...weights,
  ...(weights.diffuseConsistency > 0 && { diffuseConsistency }),
});
