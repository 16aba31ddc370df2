import {
  prepare as prepareShared,
  type Experiment as SharedExperiment,
  type Following,
  type WorldVariation,
} from '@chiaro/example-rich-reflectance';
import type { FaceRelief } from '@chiaro/faces';
import { furrows, type Preset } from './config.js';

/** All that the rows share. */
export interface Experiment extends SharedExperiment {
  readonly preset: Preset;
}

/** The halves of the swap test: whether the furrows of a test photograph are geometry or paint. */
export const halfOf = (index: number): FaceRelief['as'] => (index % 2 === 0 ? 'geometry' : 'paint');

/** Furrows of the photographs of a set. @param seed of the first pattern. */
const reliefOf =
  (seed: number) =>
  (index: number): FaceRelief => ({ as: halfOf(index), seed: seed + Math.floor(index / 2), ...furrows });

/** In what photographs of this world differ from those of rich reflectance's. @param seed of the first pattern. */
export const variationOf = (seed: number): WorldVariation => ({ expression: 1, relief: reliefOf(seed) });

/**
 * Makes, or reads, what all rows share: rich reflectance's world with strong expressions, and furrows on every face that no
 * model has: on half of the photographs as geometry, on the other half as paint. The test's photographs come in pairs of
 * one person, light and pattern that differ in that alone.
 */
export const prepare = async (preset: Preset, folder: string, following: Following = {}): Promise<Experiment> => ({
  ...(await prepareShared(preset, folder, following, {
    pool: variationOf(10_000),
    test: { ...variationOf(20_000), alike: 2 },
  })),
  preset,
});
