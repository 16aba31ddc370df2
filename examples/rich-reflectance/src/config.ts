import type { BaseWeights } from '@chiaro/faces';

/** Everything that a run depends on besides its row and seed. */
export interface Preset {
  readonly encoder: 'resnet18' | 'resnet152';
  /** Channels of the encoder's first stage, and numbers of its latent. */
  readonly width: number;
  readonly latent: number;
  /** Pixels of a side, texels of a side of the statistical albedos. */
  readonly size: number;
  readonly texture: number;
  /** Coefficients of shape and reflectance; as many as the model has, where it has fewer. */
  readonly modes: { readonly identity: number; readonly albedo: number };
  /** Rows of the map that rays look the light up in. */
  readonly lightHeight: number;
  readonly batchSize: number;
  readonly epochs: number;
  /** Of Adam. */
  readonly rate: number;
  /** Faces to learn from, without labels, and faces to judge by, with samples per pixel of their renders. */
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
 * small: 64 x 64 pixels, ResNet-18 at a quarter of its channels (some 15 M multiply-adds an image) and 8 samples a pixel: a
 * step of 4 images is 4 x 64^2 x 8 = 131,000 paths and their gradients, which outweigh the network; 150 faces x 6 epochs /
 * 4 are 225 steps. From random weights 3e-4 instead of 1e-6.
 *
 * smoke: everything once, in seconds.
 */
export const presets = {
  paper: {
    ...{ encoder: 'resnet152', width: 64, latent: 1000, size: 256, texture: 256 },
    ...{ modes: { identity: 80, albedo: 80 }, lightHeight: 64, batchSize: 8, epochs: 10, rate: 1e-6 },
    ...{ world: { pool: 20_000, test: 200, spp: 64 }, judgingSpp: 64 },
  },
  small: {
    ...{ encoder: 'resnet18', width: 16, latent: 256, size: 64, texture: 64 },
    ...{ modes: { identity: 40, albedo: 40 }, lightHeight: 32, batchSize: 4, epochs: 6, rate: 3e-4 },
    ...{ world: { pool: 150, test: 30, spp: 32 }, judgingSpp: 64 },
  },
  smoke: {
    ...{ encoder: 'resnet18', width: 4, latent: 16, size: 32, texture: 16 },
    ...{ modes: { identity: 6, albedo: 4 }, lightHeight: 16, batchSize: 2, epochs: 5, rate: 3e-3 },
    ...{ world: { pool: 4, test: 2, spp: 4 }, judgingSpp: 4 },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** What a row of the table changes. */
export interface RowSettings {
  /** Bands of the light's spherical harmonics. */
  readonly bands: number;
  /** Samples per pixel, and segments of a path, while training. */
  readonly spp: number;
  readonly depth: number;
  readonly weights: BaseWeights;
}

/**
 * Appendix A: landmarks 1, w_i = 0.002 and w_c = 0.01 for the priors. Those are for sums in the paper; here all terms are
 * means (see `baseEnergy`), and what a mean difference of colour weighs beside a landmark's deviation is set so that both
 * have a like share at the beginning, which is printed.
 */
const weights: BaseWeights = { rays: 30, vertices: 0, landmarks: 1, shapePrior: 0.2, albedoPrior: 1, box: 100 };
const full: RowSettings = { bands: 9, spp: 8, depth: 2, weights };

/** Rows of the table: the base reconstruction as the paper has it, and what it is compared with. */
export const rows = {
  rays: full,
  vertices: { ...full, weights: { ...weights, rays: 0, vertices: 30 } },
  both: { ...full, weights: { ...weights, rays: 15, vertices: 15 } },
  bands7: { ...full, bands: 7 },
  bands3: { ...full, bands: 3 },
  spp16: { ...full, spp: 16 },
  spp32: { ...full, spp: 32 },
  bounce: { ...full, depth: 3 },
  noPriors: { ...full, weights: { ...weights, shapePrior: 0, albedoPrior: 0, box: 0 } },
} as const satisfies Record<string, RowSettings>;

export type Row = keyof typeof rows;
