/** Everything that a run depends on besides its seed. */
export interface Preset {
  /** Pixels of a side. */
  readonly size: number;
  /** Channels of the residual blocks; the other layers' channels are in proportion. */
  readonly channels: number;
  /** Residual blocks of each branch. */
  readonly blocks: number;
  /** Images of a step of the supervised phase. */
  readonly batchSize: number;
  /** Pairs of a step of the later phases. */
  readonly pairs: { readonly video: number; readonly synthetic: number };
  /** Adam's, multiplied by `decay` after every `decayEpochs` epochs. */
  readonly rate: number;
  readonly decay: number;
  readonly decayEpochs: number;
  /** Epochs of the AlignNets, of SfSNet alone (eq. 3), of the whole (eq. 4), on videos (eq. 7), and of all networks together. */
  readonly epochs: {
    readonly align: number;
    readonly sfs: number;
    readonly whole: number;
    readonly weak: number;
    readonly joint: number;
  };
  readonly alignBatchSize: number;
  /** Of the local set, how many random images an epoch takes; of the other two sets it takes all. */
  readonly localPerEpoch: number;
  /** Pairs of video frames per epoch. */
  readonly videoPairsPerEpoch: number;
  readonly data: DataPlan;
}

/** How much is rendered; table 1 of the paper. */
export interface DataPlan {
  /** SfSNet-syn-like: identities, each in that many draws of pose and light. */
  readonly local: { readonly identities: number; readonly images: number };
  /** Expre-syn-like. The last identity is for test. */
  readonly expressions: FaceSet;
  /** Caric-syn-like. The last identity is for test. */
  readonly caricatures: FaceSet;
  /** For AlignNets: albedos (and identities), styles that are put on albedos, deformations that are combined. */
  readonly alignment: {
    readonly identities: number;
    readonly styles: number;
    readonly deformations: number;
    readonly views: number;
    readonly expressions: number;
  };
  /** The stand-in for real video. */
  readonly video: { readonly clips: number; readonly frames: readonly [number, number] };
  /** The stand-in's test set: identities and lights that no training sees. */
  readonly test: { readonly clips: number; readonly frames: number };
  /** Light paths per pixel of training pictures, and of those that are judged by. */
  readonly samples: { readonly train: number; readonly test: number };
}

/** Each identity in so many expressions, from so many views, in so many lights. */
interface FaceSet {
  readonly identities: number;
  readonly expressions: number;
  readonly views: number;
  readonly lights: number;
}

/**
 * paper: the numbers of section 4.1. SfSNet costs 17.2 G multiply-adds for an image: (13,860 x 20 x 4 + 15,000 x 25 x 6)
 * images x 6 x 20 G are about 400 PFLOP, days on a graphics card.
 *
 * small: 32 x 32 pixels, an eighth of the channels and three of five blocks, 1/1300 of that for an image. 1,080 steps of 8
 * pairs of maps for each AlignNet, 2,544 of 8 images for SfSNet alone, 1,908 for the whole, 1,000 of 6 images on videos and all
 * together; a later row of a seed shares what comes first. Few steps learn with a higher rate that falls further:
 * to four fifths in the paper's 50 epochs, here to a twentieth.
 *
 * smoke: everything once, in seconds.
 */
export const presets = {
  paper: paperAt(128),
  /** The same at twice the resolution, figure 13. */
  paper256: paperAt(256),
  small: {
    ...{ size: 32, channels: 16, blocks: 3, batchSize: 8, pairs: { video: 2, synthetic: 1 } },
    ...{ rate: 4e-3, decay: 0.7, decayEpochs: 4, alignBatchSize: 8 },
    epochs: { align: 12, sfs: 16, whole: 12, weak: 4, joint: 1 },
    ...{ localPerEpoch: 300, videoPairsPerEpoch: 400 },
    data: {
      local: { identities: 200, images: 15 },
      expressions: { identities: 24, expressions: 3, views: 3, lights: 3 },
      caricatures: { identities: 14, expressions: 3, views: 3, lights: 3 },
      alignment: { identities: 30, styles: 10, deformations: 20, views: 4, expressions: 6 },
      video: { clips: 12, frames: [24, 24] },
      test: { clips: 16, frames: 3 },
      samples: { train: 64, test: 128 },
    },
  },
  smoke: {
    ...{ size: 16, channels: 8, blocks: 1, batchSize: 4, pairs: { video: 1, synthetic: 1 } },
    ...{ rate: 5e-3, decay: 0.98, decayEpochs: 5, alignBatchSize: 1 },
    epochs: { align: 2, sfs: 2, whole: 2, weak: 1, joint: 1 },
    ...{ localPerEpoch: 8, videoPairsPerEpoch: 4 },
    data: {
      local: { identities: 8, images: 1 },
      expressions: { identities: 3, expressions: 2, views: 1, lights: 1 },
      caricatures: { identities: 2, expressions: 1, views: 1, lights: 1 },
      alignment: { identities: 2, styles: 2, deformations: 3, views: 2, expressions: 1 },
      video: { clips: 2, frames: [3, 3] },
      test: { clips: 1, frames: 2 },
      samples: { train: 2, test: 4 },
    },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

function paperAt(size: number): Preset {
  return {
    ...{ size, channels: 128, blocks: 5, batchSize: 4, pairs: { video: 2, synthetic: 1 } },
    ...{ rate: 5e-4, decay: 0.98, decayEpochs: 5, alignBatchSize: 8 },
    epochs: { align: 30, sfs: 10, whole: 10, weak: 20, joint: 5 },
    ...{ localPerEpoch: 30_000, videoPairsPerEpoch: 30_000 },
    data: {
      local: { identities: 12_500, images: 15 },
      expressions: { identities: 114, expressions: 6, views: 4, lights: 5 },
      caricatures: { identities: 100, expressions: 6, views: 4, lights: 5 },
      alignment: { identities: 540, styles: 50, deformations: 20, views: 4, expressions: 6 },
      video: { clips: 114, frames: [25, 35] },
      test: { clips: 20, frames: 10 },
      samples: { train: 256, test: 1024 },
    },
  };
}

/** Rows of the ablation, section 4.3: what is trained, and what it learns from frames without labels. */
export const rows = {
  /** Section 3.2: "adopting reconstruction loss on real images does not help". */
  'sfs-reconstruction': { residual: false, video: 'reconstruction' },
  /** SfS-pretrain: a plain network trained on renders labels the frames, as SfSNet was trained. */
  'pseudo-labels': { residual: false, video: 'pseudo-labels' },
  sfs: { residual: false, video: 'none' },
  'sfs-align': { residual: false, video: 'alignment' },
  'illures-pre': { residual: true, video: 'none' },
  /** The paper's whole system. */
  'illures-align': { residual: true, video: 'alignment' },
} as const satisfies Record<string, RowPlan>;

export type RowName = keyof typeof rows;

/** What a row is made of. */
export interface RowPlan {
  /** Whether there is an IlluResNet. */
  readonly residual: boolean;
  /** What video frames are trained by in the later phases; with `none`, synthetic pairs take their places. */
  readonly video: 'none' | 'reconstruction' | 'pseudo-labels' | 'alignment';
}
