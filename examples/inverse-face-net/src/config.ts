import type { LossName, SigmaUnits } from './losses.js';
import type { ModeCounts } from './model/parameters.js';
import type { Architecture } from './network.js';

/** Everything that a run depends on besides its seed. */
export interface Preset {
  readonly architecture: Architecture;
  /** Pixels of a side. */
  readonly size: number;
  readonly modes: ModeCounts;
  /** Faces that the modes of reflectance are taken from. */
  readonly scans: number;
  /** Images of the first corpus; a whole number of batches. */
  readonly corpus: number;
  readonly batchSize: number;
  /** AdaDelta, section 6.1. */
  readonly rate: number;
  readonly weightDecay: number;
  /** Iterations on the first corpus that all rows begin with, and then rounds of further ones. */
  readonly initialIterations: number;
  readonly rounds: number;
  readonly roundIterations: number;
  readonly sigmaUnits: SigmaUnits;
  /** The world: photographs R that are bred from, and those that rows are judged by, with samples per pixel. */
  readonly world: {
    readonly pool: number;
    readonly test: number;
    readonly poolSamples: number;
    readonly testSamples: number;
    /** Pixels of a side of its photographs. */
    readonly photo: number;
  };
}

/**
 * paper: the numbers of sections 5 to 7. 75,000 iterations x 32 images x 6 x 0.81 G multiply-adds = 12 PFLOP, and 8 x 200,000 renders: hours on
 * a graphics card, out of the question without one.
 *
 * small: 64 x 64 pixels, AlexNet at a quarter of its channels (14 M multiply-adds): 1,800 iterations x 32 x 6 x 14 M = 5 TFLOP,
 * some ten minutes on two cores; 8 x 1,200 renders more for breeding. Half of the paper's modes. No weights of
 * ImageNet fit it; from random ones a rate of 0.1 learns fastest of 1, 0.1, 0.03 and the paper's 0.01 (300 iterations
 * of the model-space loss come to 0.37, 0.25, 0.27 and 0.34 of what they begin with).
 *
 * smoke: everything once, in seconds.
 */
export const presets = {
  paper: {
    ...{ architecture: 'alexnet', size: 240, modes: { shape: 128, expression: 64, reflectance: 128 }, scans: 200 },
    ...{ corpus: 200_000, batchSize: 32, rate: 0.01, weightDecay: 0.001 },
    ...{ initialIterations: 15_000, rounds: 8, roundIterations: 7_500, sigmaUnits: 'balanced' },
    world: { pool: 100_000, test: 5_000, poolSamples: 16, testSamples: 64, photo: 320 },
  },
  small: {
    ...{ architecture: 'small', size: 64, modes: { shape: 48, expression: 24, reflectance: 32 }, scans: 200 },
    ...{ corpus: 16_000, batchSize: 32, rate: 0.1, weightDecay: 0.001 },
    ...{ initialIterations: 600, rounds: 8, roundIterations: 150, sigmaUnits: 'balanced' },
    world: { pool: 600, test: 150, poolSamples: 32, testSamples: 64, photo: 96 },
  },
  smoke: {
    ...{ architecture: 'small', size: 32, modes: { shape: 6, expression: 4, reflectance: 4 }, scans: 8 },
    ...{ corpus: 16, batchSize: 16, rate: 1, weightDecay: 0.001 },
    ...{ initialIterations: 160, rounds: 1, roundIterations: 8, sigmaUnits: 'balanced' },
    world: { pool: 8, test: 3, poolSamples: 1, testSamples: 4, photo: 64 },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** Rows of table 1 that are trained. */
export const rows = ['euclidean', 'model-space', 'breeding'] as const;
export type Row = (typeof rows)[number];

export const lossOf = (row: Row): LossName => (row === 'euclidean' ? 'euclidean' : 'model-space');
