import type { AppearanceSize } from './avatar/deepAppearance.js';
import type { AvatarTraining } from './avatar/trainAvatar.js';
import type { ClipName, ClipSize } from './clips/wildClips.js';
import type { GainBiasSize } from './light/gainBiasModel.js';
import type { LightTraining } from './light/trainLight.js';
import { paperRegistration, type RegistrationOptions } from './registration/registerClip.js';
import type { StageSize } from './stage/stage.js';

/** Everything that a run depends on besides its seed. */
export interface Preset {
  readonly stage: StageSize;
  /** Clips "in the wild" of the stage's subject. */
  readonly clips: readonly ClipName[];
  readonly clip: ClipSize;
  readonly avatar: AppearanceSize;
  readonly avatarTraining: AvatarTraining;
  readonly light: Omit<GainBiasSize, 'groups'>;
  readonly lightTraining: LightTraining;
  readonly registration: Omit<RegistrationOptions, 'keyFrames' | 'adapt' | 'keysOf' | 'tracked'>;
}

/**
 * Eq. 5's weights, and colours of the augmentation, whose range the paper does not say. Its 0.1 weighs a sum over a few hundred
 * numbers of a code beside sums over a million pixels; the terms here are means, among which that is a thousandth.
 */
const weights = { geometry: 1, codes: 1e-3, augmentation: 0.5 };

/** lambda_flow of images of 96 pixels a side: the paper's 3.0 is for squared pixels of its own, here taken for 1024 a side. */
const flow = 3 * (1024 / 96) ** 2;

/**
 * paper: the numbers of section 4.1 and figure 10 as far as they are there: 40 cameras, 50 groups (of 9 lamps, 450 in all;
 * the paper has 460), textures of 1024 texels. 13 minutes at 90 frames a second are 70,200 moments; here are 5,100, in which
 * each group shines 51 times. Square images of 1024 pixels instead of 1334 x 2048. Training G is 204,000 views x 40 epochs:
 * days on a graphics card (36 hours on a DGX in the paper).
 *
 * small: 96 x 96 pixels, textures of 64 x 64, 10 groups, each of which shines at 8 moments, a quarter of G's channels. Counted
 * in seconds of one core, of which two cores give two a second, with lavapipe: a view of the stage takes 0.6 with one group and
 * 1.3 with all, a frame of a clip 0.7: 480 and 288 of them are 660, once for all rows. 420 steps of the avatar and 1920 of G are
 * 360 for a seed. A registration has 80 iterations of the code and 120 of G, 40 of twelve frames side by side, and makes its
 * kernels: by that count about 40. So a row of four clips is about 10 minutes of two idle cores with stage, clips and training,
 * the table of 120 registrations about 55. So few steps learn with three times the paper's rate, which falls as often in all.
 *
 * smoke: everything once, in seconds.
 */
export const presets = {
  paper: {
    stage: { frames: 5100, cameras: 40, groups: 50, groupSize: 9, size: 1024, spp: 256, litSpp: 1024, depth: 4 },
    clips: ['environment', 'lamp', 'pair', 'moving'],
    clip: { frames: 300, size: 1024, spp: 256, depth: 4, judged: 60 },
    avatar: {
      ...{ codeSize: 256, features: 256, encoder: [16, 16, 32, 32, 64, 64, 128, 128] },
      decoder: [64, 64, 32, 32, 16, 16, 16],
    },
    avatarTraining: { epochs: 20, batchSize: 16, rate: 3e-4 },
    light: { mapSize: 256, width: 1 },
    lightTraining: { epochs: 40, batchSize: 8, rate: 1e-3, decayEpochs: 10, ...weights },
    registration: paperRegistration,
  },
  small: {
    stage: { frames: 160, cameras: 3, groups: 10, groupSize: 4, size: 96, spp: 48, litSpp: 96, depth: 3 },
    clips: ['environment', 'lamp', 'pair', 'moving'],
    clip: { frames: 60, size: 96, spp: 64, depth: 3, judged: 12 },
    avatar: { codeSize: 32, features: 64, encoder: [16, 16, 32, 32], decoder: [32, 32, 16] },
    avatarTraining: { epochs: 14, batchSize: 8, rate: 1e-3 },
    light: { mapSize: 64, width: 1 / 4 },
    lightTraining: { epochs: 16, batchSize: 4, rate: 3e-3, decayEpochs: 2, ...weights },
    registration: {
      landmarks: { iterations: 300, rate: 0.1, halveEvery: 150, codePrior: 0.1 },
      adaptation: {
        ...{ rounds: 4, light: { iterations: 20, rate: 5e-2 }, model: { iterations: 30, rate: 2e-3 } },
        ...{ laplacian: 1, codePrior: 0.3, batch: 4 },
      },
      tracking: { iterations: 40, rate: 0.05, halveEvery: 10, laplacian: 1, flow, codePrior: 0.3, batch: 12 },
    },
  },
  smoke: {
    stage: { frames: 4, cameras: 2, groups: 2, groupSize: 1, size: 24, spp: 2, litSpp: 2, depth: 2 },
    clips: ['lamp'],
    clip: { frames: 2, size: 24, spp: 2, depth: 2, judged: 1 },
    avatar: { codeSize: 4, features: 8, encoder: [4, 4, 4, 4], decoder: [4, 4, 4] },
    avatarTraining: { epochs: 2, batchSize: 2, rate: 1e-3 },
    light: { mapSize: 64, width: 1 / 32 },
    lightTraining: { epochs: 2, batchSize: 2, rate: 1e-3, decayEpochs: 1, ...weights },
    registration: {
      landmarks: { iterations: 2, rate: 0.1, codePrior: 0.1 },
      adaptation: {
        ...{ rounds: 1, light: { iterations: 1, rate: 1e-2 }, model: { iterations: 1, rate: 1e-3 } },
        ...{ laplacian: 1, codePrior: 0.3, batch: 1 },
      },
      tracking: { iterations: 1, rate: 0.03, laplacian: 1, flow: 3, codePrior: 0.3, batch: 2 },
    },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
