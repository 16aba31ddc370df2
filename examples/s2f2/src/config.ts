import type { BaseWeights } from '@chiaro/faces';
import type { Preset as SharedPreset, StageWeights } from '@chiaro/example-rich-reflectance';
import { vgg16Stages, type VGGStages } from '@chiaro/nn';

/**
 * Everything that a run depends on besides its row and seed. Of the shared numbers `epochs` are those of the coarse (`base`),
 * the medium (`decoders`) and the fine stage (`joint`).
 */
export interface Preset extends SharedPreset {
  /**
   * Channels of U_G and U_D, each: of the convolutions of VGG with batch normalisation on the way down, and of the stages
   * on the way up.
   */
  readonly unet: { readonly encoder: VGGStages; readonly decoder: readonly number[] };
  /** Of Adam, for U_G and U_D. */
  readonly unetRate: number;
  /** Samples of a pixel while training. */
  readonly spp: number;
}

/** VGG16, and the upward half of the published code that the paper links. */
const vggUNet: Preset['unet'] = { encoder: vgg16Stages, decoder: [256, 128, 64, 32, 16] };

/**
 * paper: sections 3.5 and B: ResNet-152, VGG16 with batch normalisation, 256 x 256 pixels and texels, 30, 10 and 5 epochs,
 * batches of 8 with 8 samples a pixel. Its rates are not said: 1e-4 from random weights, 1e-5 for what comes pretrained
 * (`--imagenet`, `--vgg`). It needs a graphics card.
 *
 * small: 48 x 48 pixels, of which 3 to 5 show a furrow (`furrows`), and 32 x 32 texels, batches of 4, 8 samples, with which
 * gradients of geometry are not noise alone: 4 x 48^2 x 8 = 74,000 paths with their gradients in a step, which outweigh the
 * networks (rich reflectance's small ones, each U-net one convolution for a stage, 4.6 M multiply-adds). E begins as that
 * paper's does, by landmarks and light, once for all rows. Then 2,000 photographs are 500 steps of the coarse stage, 200
 * photographs three times 150 of the medium and of the fine one. On one core with a software driver a step takes some 0.25 s
 * (rays), 0.65 s (with vertices), 0.35 s (with edges), 0.8 s (medium) and 1 s (fine), the kernels of a stage 5 to 12 s. Stages are shared between
 * rows of a seed.
 *
 * smoke: everything once, in seconds.
 */
export const presets = {
  paper: {
    ...{ encoder: 'resnet152', width: 64, latent: 1000, size: 256, texture: 256, decoderChannels: 256 },
    ...{ modes: { identity: 80, albedo: 80 }, lightHeight: 64, batchSize: 8, spp: 8, unet: vggUNet },
    ...{ start: { epochs: { landmarks: 0, light: 0 }, batchSize: 8, rate: 1e-5 } },
    ...{ epochs: { base: 30, decoders: 10, joint: 5 } },
    ...{ photographs: { base: 20_000, decoders: 20_000, joint: 20_000 } },
    ...{ rate: { encoder: 1e-5, decoders: 1e-4, falls: false }, unetRate: 1e-5 },
    ...{ world: { pool: 20_000, test: 200, spp: 64 }, judgingSpp: 64 },
  },
  small: {
    ...{ encoder: 'resnet18', width: 16, latent: 256, size: 48, texture: 32, decoderChannels: 32 },
    ...{
      modes: { identity: 40, albedo: 40 },
      lightHeight: 32,
      batchSize: 4,
      spp: 8,
      unet: { encoder: [[8], [16], [32], [64]], decoder: [32, 16, 8, 8] },
    },
    ...{ start: { epochs: { landmarks: 30, light: 10 }, batchSize: 16, rate: 1e-3 } },
    ...{ epochs: { base: 1, decoders: 3, joint: 3 } },
    ...{ photographs: { base: 2000, decoders: 200, joint: 200 } },
    ...{ rate: { encoder: 3e-4, decoders: 1e-3, falls: true }, unetRate: 1e-3 },
    ...{ world: { pool: 3200, test: 24, spp: 32 }, judgingSpp: 64 },
  },
  smoke: {
    ...{ encoder: 'resnet18', width: 2, latent: 8, size: 32, texture: 32, decoderChannels: 8 },
    ...{
      modes: { identity: 4, albedo: 2 },
      lightHeight: 8,
      batchSize: 2,
      spp: 2,
      unet: { encoder: [[4], [4]], decoder: [4, 4] },
    },
    ...{ start: { epochs: { landmarks: 1, light: 1 }, batchSize: 2, rate: 1e-3 } },
    ...{ epochs: { base: 1, decoders: 2, joint: 2 } },
    ...{ photographs: { base: 2, decoders: 2, joint: 2 } },
    ...{ rate: { encoder: 1e-3, decoders: 1e-3, falls: false }, unetRate: 1e-3 },
    ...{ world: { pool: 2, test: 2, spp: 2 }, judgingSpp: 16 },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** The coarse stage of a row. */
export interface CoarseSettings {
  readonly weights: BaseWeights;
  /** Whether the path tracer's own gradients at edges that the camera sees are added. */
  readonly boundary: 'none' | 'primary';
}

/**
 * Rays 30 beside means of the other terms, as in rich reflectance; the vertex-based term is half of that (w_dr = 0.5), the
 * landmarks are a tenth of its (w_lm = 0.1 for 1).
 */
const weights: BaseWeights = { rays: 30, vertices: 15, landmarks: 0.1, shapePrior: 0.2, albedoPrior: 1, box: 100 };
/** Of E's start by landmarks alone: rich reflectance's weight of them, as nothing else is to be found there. */
export const firstWeights: BaseWeights = { ...weights, landmarks: 1 };
const raysOnly = { ...weights, vertices: 0 };
const withoutLandmarks = ({ weights: given, boundary }: CoarseSettings): CoarseSettings => ({
  ...{ weights: { ...given, landmarks: 0 }, boundary },
});

const coarse: CoarseSettings = { weights, boundary: 'none' };
const rays: CoarseSettings = { weights: raysOnly, boundary: 'none' };
const strongRays: CoarseSettings = { weights: { ...raysOnly, rays: 45 }, boundary: 'none' };
const raysAndEdges: CoarseSettings = { weights: raysOnly, boundary: 'primary' };

/** Coarse stages: the paper's, and what it is compared with, with landmarks and without. */
export const coarseRows = {
  coarse,
  rays,
  strongRays,
  raysAndEdges,
  coarseNoLandmarks: withoutLandmarks(coarse),
  raysNoLandmarks: withoutLandmarks(rays),
  strongRaysNoLandmarks: withoutLandmarks(strongRays),
  raysAndEdgesNoLandmarks: withoutLandmarks(raysAndEdges),
} as const satisfies Record<string, CoarseSettings>;

/**
 * Eq. 5. Rich reflectance's calibration of means (symmetry 3 for the paper's 20, consistency 60 for 1, smoothness 1 for 1e-4)
 * in this paper's proportions: w_s = 20, w_c = 0.2 (diffuse) and 0.01 (specular), w_m = 1e-4; w_b is not given.
 */
export const mediumWeights: StageWeights = {
  ...{ rays: 30, vertices: 15, diffuseSymmetry: 3, specularSymmetry: 3 },
  ...{ diffuseConsistency: 12, specularConsistency: 0.6 },
  ...{ diffuseSmoothness: 1, specularSmoothness: 1, normalSmoothness: 0, textureBox: 100 },
};

/** Eq. 6: w_s = 10 and w_c = 1 of the diffuse albedo alone, w_m = 1e-4 of it and of the normals. */
export const fineWeights: StageWeights = {
  ...{ rays: 30, vertices: 15, diffuseSymmetry: 1.5, specularSymmetry: 0 },
  ...{ diffuseConsistency: 60, specularConsistency: 0 },
  ...{ diffuseSmoothness: 1, specularSmoothness: 0, normalSmoothness: 1, textureBox: 100 },
};

/** Rows that go on after the coarse stage: the paper's next two; the fine one without E_sc; and the coarse loss for as long. */
export const laterRows = ['coarseLonger', 'medium', 'fine', 'fineFree'] as const;

export type CoarseRow = keyof typeof coarseRows;
export type LaterRow = (typeof laterRows)[number];
export type Row = CoarseRow | LaterRow;

/** All rows, in the order of the tables. */
export const rowNames = [...Object.keys(coarseRows), ...laterRows] as readonly Row[];

export const isCoarse = (row: Row): row is CoarseRow => Object.hasOwn(coarseRows, row);

/** Whether a row has U_G and U_D, and whether it has D_d and D_s. */
export const hasDetails = (row: Row): boolean => row === 'fine' || row === 'fineFree';
export const hasDecoders = (row: Row): boolean => row === 'medium' || hasDetails(row);

/** A furrow every 30 mm or so, of 1.5 mm, is some 15 degrees steep. Painted ones take up to half of the albedo. */
export const furrows = { period: 30, depth: 1.5, strength: 0.5 } as const;
