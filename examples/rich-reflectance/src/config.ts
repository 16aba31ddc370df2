import type { BaseWeights, EnhancedWeights } from '@chiaro/faces';

/** A number for each of the three stages. */
export interface StageNumbers {
  readonly base: number;
  readonly decoders: number;
  readonly joint: number;
}

/** Everything that a run depends on besides its row and seed. */
export interface Preset {
  readonly encoder: 'resnet18' | 'resnet152';
  /** Channels of the encoder's first stage, and numbers of its latent. */
  readonly width: number;
  readonly latent: number;
  /** Pixels of a side, texels of a side of the statistical albedos. */
  readonly size: number;
  readonly texture: number;
  /** Channels of the decoders' first 4 x 4 image; 256 in S2F2's table 4. */
  readonly decoderChannels: number;
  /** Coefficients of shape and reflectance; as many as the model has, where it has fewer. */
  readonly modes: { readonly identity: number; readonly albedo: number };
  /** Rows of the map that rays look the light up in. */
  readonly lightHeight: number;
  readonly batchSize: number;
  /** Before all rows, once, in place of ImageNet's weights: E learns where heads are, and then their light too. */
  readonly start: {
    readonly epochs: { readonly landmarks: number; readonly light: number };
    readonly batchSize: number;
    readonly rate: number;
  };
  /** Of E alone, of the decoders with E fixed, and of all together. */
  readonly epochs: StageNumbers;
  /** How many photographs of the pool an epoch of these shows. */
  readonly photographs: StageNumbers;
  /** Of Adam; constant, or falling to zero along half a cosine in each stage. */
  readonly rate: { readonly encoder: number; readonly decoders: number; readonly falls: boolean };
  /** Photographs to learn from, without labels, and to judge by, with samples per pixel of their renders. */
  readonly world: {
    readonly pool: number;
    readonly test: number;
    readonly spp: number;
  };
  /** Samples per pixel of the renders that rows are judged by. */
  readonly judgingSpp: number;
}

/**
 * paper: section 3 and appendix A: ResNet-152, 256 x 256 pixels and texels, 10 epochs of E alone, batches of 8, Adam at 1e-6
 * from ImageNet's weights (`--imagenet`). It needs a graphics card.
 *
 * small: 48 x 48 pixels, 32 texels, ResNet-18 at a quarter of its channels (some 9 M multiply-adds an image), decoders at an
 * eighth, 8 samples a pixel. A ray traced step of 4 images, 74,000 paths with their gradients, takes a quarter of a second on one
 * core with a software driver, so that a row can have some 400 of them; from random weights E learns nothing of shapes in that. So it
 * begins, in the place of ImageNet's weights and once for all rows, by 6,000 steps of 16 landmarks alone (0.12 s) and 2,000 with
 * light and reflectance at a few hundred vertices (0.33 s). Then 1,600 photographs are 400 steps of E, 400 photographs twice 200 of the
 * decoders (0.2 s), and as many of both (0.55 s). Adam's rates, 3e-4 and 1e-3 instead of 1e-6 and 1e-7, fall to zero in each stage.
 *
 * smoke: everything once, in seconds.
 */
export const presets = {
  paper: {
    ...{ encoder: 'resnet152', width: 64, latent: 1000, size: 256, texture: 256, decoderChannels: 256 },
    ...{ modes: { identity: 80, albedo: 80 }, lightHeight: 64, batchSize: 8 },
    ...{ start: { epochs: { landmarks: 0, light: 0 }, batchSize: 8, rate: 1e-6 } },
    ...{ epochs: { base: 10, decoders: 5, joint: 5 } },
    ...{ photographs: { base: 20_000, decoders: 20_000, joint: 20_000 } },
    ...{ rate: { encoder: 1e-6, decoders: 1e-7, falls: false } },
    ...{ world: { pool: 20_000, test: 200, spp: 64 }, judgingSpp: 64 },
  },
  small: {
    ...{ encoder: 'resnet18', width: 16, latent: 256, size: 48, texture: 32, decoderChannels: 32 },
    ...{ modes: { identity: 40, albedo: 40 }, lightHeight: 32, batchSize: 4 },
    ...{ start: { epochs: { landmarks: 30, light: 10 }, batchSize: 16, rate: 1e-3 } },
    ...{ epochs: { base: 1, decoders: 2, joint: 2 } },
    ...{ photographs: { base: 1600, decoders: 400, joint: 400 } },
    ...{ rate: { encoder: 3e-4, decoders: 1e-3, falls: true } },
    ...{ world: { pool: 3200, test: 24, spp: 32 }, judgingSpp: 64 },
  },
  smoke: {
    ...{ encoder: 'resnet18', width: 4, latent: 16, size: 32, texture: 16, decoderChannels: 8 },
    ...{ modes: { identity: 6, albedo: 4 }, lightHeight: 16, batchSize: 2 },
    ...{ start: { epochs: { landmarks: 1, light: 1 }, batchSize: 2, rate: 3e-3 } },
    ...{ epochs: { base: 5, decoders: 2, joint: 2 } },
    ...{ photographs: { base: 4, decoders: 4, joint: 4 } },
    ...{ rate: { encoder: 3e-3, decoders: 3e-3, falls: false } },
    ...{ world: { pool: 4, test: 2, spp: 4 }, judgingSpp: 16 },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** What a row of the table changes in stage I, the base reconstruction. */
export interface BaseSettings {
  /** Bands of the light's spherical harmonics. */
  readonly bands: number;
  /** Samples per pixel, and segments of a path, while training. */
  readonly spp: number;
  readonly depth: number;
  readonly weights: BaseWeights;
}

/** What a row with all stages changes. */
export interface EnhancedSettings {
  /** D_1 and D_2, or one network for both increments. */
  readonly decoders: 'dual' | 'single';
  /** Factors of eq. 3; that of `diffuseConsistency` is of the first epoch of stage II and halves with each. */
  readonly weights: EnhancedWeights & { readonly diffuseConsistency: number };
  /** Whether eq. 3 teaches E too in stage III; if not, eq. 2 alone does, for as many steps. */
  readonly joint: boolean;
}

/**
 * Appendix A: landmarks 1, w_i = 0.002 and w_c = 0.01 for the priors. Those are for sums in the paper; here all terms are
 * means (see `baseEnergy`), and what a mean difference of colour weighs beside a landmark's deviation is set so that pose is
 * learned first: landmarks begin with some three quarters of the loss, which is printed, and fall below the rays once heads
 * are turned as they should be.
 */
const weights: BaseWeights = { rays: 30, vertices: 0, landmarks: 1, shapePrior: 0.2, albedoPrior: 1, box: 100 };
const full: BaseSettings = { bands: 9, spp: 8, depth: 2, weights };

/** Rows of the base reconstruction as the paper has it, and what it is compared with. */
export const baseRows = {
  rays: full,
  vertices: { ...full, weights: { ...weights, rays: 0, vertices: 30 } },
  both: { ...full, weights: { ...weights, rays: 15, vertices: 15 } },
  bands7: { ...full, bands: 7 },
  bands3: { ...full, bands: 3 },
  spp16: { ...full, spp: 16 },
  spp32: { ...full, spp: 32 },
  bounce: { ...full, depth: 3 },
  noPriors: { ...full, weights: { ...weights, shapePrior: 0, albedoPrior: 0, box: 0 } },
} as const satisfies Record<string, BaseSettings>;

/**
 * Appendix A: w_1 = 20 (symmetry), w_2D = 0.5 halved each epoch, w_2S = 0.01, w_3 = 0.0001, w_4 not given, beside sums of
 * photo differences. Beside a mean difference with 30, those would forbid all that is not symmetric: 3 for symmetry lets a
 * difference of 0.1 between both cheeks through where it explains 0.01 of the picture. The ratio of w_2D and w_2S is kept.
 */
const enhanced = {
  ...{ rays: 30, vertices: 0, diffuseSymmetry: 3, specularSymmetry: 3 },
  ...{ diffuseConsistency: 30, specularConsistency: 0.6 },
  ...{ diffuseSmoothness: 1, specularSmoothness: 1, normalSmoothness: 0, textureBox: 100 },
} as const satisfies EnhancedWeights;
const whole: EnhancedSettings = { decoders: 'dual', weights: enhanced, joint: true };

/** Rows with all stages, after the base reconstruction `rays`: the paper's whole, and what it is compared with. */
export const enhancedRows = {
  dual: whole,
  single: { ...whole, decoders: 'single' },
  noRegularisers: {
    ...whole,
    weights: { ...enhanced, diffuseSymmetry: 0, specularSymmetry: 0, diffuseConsistency: 0, specularConsistency: 0 },
  },
  separate: { ...whole, joint: false },
} as const satisfies Record<string, EnhancedSettings>;

export type BaseRow = keyof typeof baseRows;
export type EnhancedRow = keyof typeof enhancedRows;
export type Row = BaseRow | EnhancedRow;

/** All rows, in the table's order. */
export const rowNames = [...Object.keys(baseRows), ...Object.keys(enhancedRows)] as readonly Row[];

export const isEnhanced = (row: Row): row is EnhancedRow => Object.hasOwn(enhancedRows, row);
