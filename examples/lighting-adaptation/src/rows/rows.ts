/** A row of the tables: which light model, and how it is adapted to a clip. */
export interface RowPlan {
  readonly title: string;
  /** G, or a baseline in its place; `fresh` is G without what it learned on the stage. */
  readonly light: 'matrix' | 'harmonics' | 'regressed' | 'fresh' | 'stage';
  /** K, at most the clip's frames; `half` are all of its first half, and the second is judged. */
  readonly keyFrames: number | 'all' | 'half';
  /** Whether G changes, besides the clip's light code. */
  readonly adapt: boolean;
}

/** Tables 1 and 2 of the paper. Baselines have the key frames of the paper's K = 12, or of its ablation without pre-training. */
export const rows = {
  matrix: { title: 'one colour matrix', light: 'matrix', keyFrames: 12, adapt: true },
  harmonics: { title: 'SH, optimised on key frames', light: 'harmonics', keyFrames: 12, adapt: true },
  'harmonics-regressed': { title: 'SH, regressed from the frame', light: 'regressed', keyFrames: 12, adapt: true },
  'without-pretraining': { title: 'w/o Pre-train, K = 48', light: 'fresh', keyFrames: 48, adapt: true },
  'without-adaptation': { title: 'w/o Adapt', light: 'stage', keyFrames: 12, adapt: false },
  'k-1': { title: 'K = 1', light: 'stage', keyFrames: 1, adapt: true },
  'k-12': { title: 'K = 12', light: 'stage', keyFrames: 12, adapt: true },
  'k-48': { title: 'K = 48', light: 'stage', keyFrames: 48, adapt: true },
  half: { title: 'all of the first half, second half judged', light: 'stage', keyFrames: 'half', adapt: true },
  all: { title: 'all, judged on the same frames', light: 'stage', keyFrames: 'all', adapt: true },
} as const satisfies Record<string, RowPlan>;

export type RowName = keyof typeof rows;
