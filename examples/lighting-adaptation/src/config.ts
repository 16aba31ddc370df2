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
  readonly registration: Omit<RegistrationOptions, 'keyFrames' | 'adapt'>;
}

/** Eq. 5's weights, and colours of the augmentation, whose range the paper does not say. */
const weights = { geometry: 1, codes: 0.1, augmentation: 0.5 };

/**
 * paper: the numbers of section 4.1 and figure 10 as far as they are there: 40 cameras, 50 groups (of 9 lamps, 450 in all;
 * the paper has 460), textures of 1024 texels. 13 minutes at 90 frames a second are 70,200 moments; here are 5,100, in which
 * each group shines 51 times. Square images of 1024 pixels instead of 1334 x 2048. Training G is 204,000 views x 40 epochs:
 * days on a graphics card (36 hours on a DGX in the paper).
 *
 * small: 64 x 64 pixels and texels, 8 groups, a quarter of the channels. On two idle cores with lavapipe a view of the stage
 * takes 0.4 s with one group and 0.8 s with all, so 192 views and 192 frames of clips (two cameras) take 4 minutes, once for
 * all rows. A step of the avatar takes 0.15 s, one of G 0.11 s: 720 and 960 steps are 3.5 minutes for a seed. So few steps
 * learn with four times the paper's rate.
 *
 * smoke: everything once, in seconds.
 */
export const presets = {
  paper: {
    stage: { frames: 5100, cameras: 40, groups: 50, groupSize: 9, size: 1024, spp: 256, litSpp: 1024, depth: 4 },
    clips: ['environment', 'lamp', 'pair', 'moving'],
    clip: { frames: 300, size: 1024, spp: 256, depth: 4 },
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
    stage: { frames: 48, cameras: 4, groups: 8, groupSize: 4, size: 64, spp: 48, litSpp: 128, depth: 3 },
    clips: ['environment', 'lamp', 'pair', 'moving'],
    clip: { frames: 24, size: 64, spp: 128, depth: 3 },
    avatar: { codeSize: 32, features: 64, encoder: [16, 16, 32, 32], decoder: [32, 32, 16] },
    avatarTraining: { epochs: 60, batchSize: 8, rate: 1e-3 },
    light: { mapSize: 64, width: 1 / 4 },
    lightTraining: { epochs: 20, batchSize: 4, rate: 4e-3, decayEpochs: 5, ...weights },
    registration: {
      landmarks: { iterations: 300, rate: 0.1, halveEvery: 150, codePrior: 0.1 },
      adaptation: {
        ...{ rounds: 4, light: { iterations: 40, rate: 3e-2 }, model: { iterations: 60, rate: 1e-3 } },
        ...{ laplacian: 1, batch: 4 },
      },
      tracking: { iterations: 60, rate: 0.03, halveEvery: 30, laplacian: 1, flow: 3 },
    },
  },
  smoke: {
    stage: { frames: 4, cameras: 2, groups: 2, groupSize: 1, size: 24, spp: 2, litSpp: 2, depth: 2 },
    clips: ['lamp'],
    clip: { frames: 2, size: 24, spp: 2, depth: 2 },
    avatar: { codeSize: 4, features: 8, encoder: [4, 4, 4, 4], decoder: [4, 4, 4] },
    avatarTraining: { epochs: 2, batchSize: 2, rate: 1e-3 },
    light: { mapSize: 64, width: 1 / 32 },
    lightTraining: { epochs: 2, batchSize: 2, rate: 1e-3, decayEpochs: 1, ...weights },
    registration: {
      landmarks: { iterations: 2, rate: 0.1, codePrior: 0.1 },
      adaptation: {
        ...{ rounds: 1, light: { iterations: 1, rate: 1e-2 }, model: { iterations: 1, rate: 1e-3 } },
        ...{ laplacian: 1, batch: 1 },
      },
      tracking: { iterations: 1, rate: 0.03, laplacian: 1, flow: 3 },
    },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
