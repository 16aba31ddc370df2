import { join } from 'node:path';
import { loadFaceModel, type MorphableModel } from '@chiaro/faces';
import type { DeepAppearanceModel } from './avatar/deepAppearance.js';
import { stageTextures, type StageTextures } from './avatar/stageTextures.js';
import { stageCodes, trainAvatar } from './avatar/trainAvatar.js';
import type { Clip } from './clips/clip.js';
import { openWildClip } from './clips/wildClips.js';
import type { Preset } from './config.js';
import type { GainBiasModel } from './light/gainBiasModel.js';
import { trainLight } from './light/trainLight.js';
import { openStage, type Stage, type StageSize } from './stage/stage.js';
import type { TrainFollowing } from './training/phase.js';

/** All that the rows of a table share: one subject's stage and clips, rendered once. */
export interface Experiment {
  readonly preset: Preset;
  readonly folder: string;
  readonly model: MorphableModel;
  readonly stage: Stage;
  readonly textures: StageTextures;
  readonly clips: readonly Clip[];
}

/** How preparing is followed. */
export interface PrepareOptions {
  /** Another person than the stage's, 2 or more: only the fully lit moments are taken, for an avatar of its own. */
  readonly subject?: number;
  readonly onProgress?: (what: string, done: number, count: number) => void;
  readonly signal?: AbortSignal;
}

/** Seed of the person on the stage whose light is learned, and of the clips' motions and lights. */
const [firstSubject, clipSeed] = [1, 1];

/**
 * Renders, or reads, the stage and the clips of a preset, which `into` keeps; those of another subject in a folder within.
 * @throws FormatError for a folder that holds others; the signal's reason.
 */
export async function prepare(
  preset: Preset,
  into: string,
  { subject = firstSubject, onProgress, signal }: PrepareOptions = {},
): Promise<Experiment> {
  const folder = subject === firstSubject ? into : join(into, `subject-${subject}`);
  const moments: StageSize = subject === firstSubject ? preset.stage : { ...preset.stage, litOnly: true };
  const model = await loadFaceModel();
  const following = (what: string) => ({
    signal,
    ...(onProgress && {
      onProgress: (done: number, count: number) => {
        onProgress(what, done, count);
      },
    }),
  });
  const sets = join(folder, 'sets');
  const stage = await openStage(join(sets, 'stage'), model, moments, subject, following('light stage'));
  const size = 4 * 2 ** preset.avatar.encoder.length;
  const about = { ...moments, subjectSeed: subject };
  const textures = await stageTextures(join(sets, 'textures'), model, stage, size, about, following('textures'));
  const clips: Clip[] = [];
  for (const name of preset.clips) {
    const to = join(sets, `clip-${name}`);
    clips.push(await openWildClip(to, model, name, preset.clip, stage.subject, clipSeed, following(`clip ${name}`)));
  }
  return { preset, folder, model, stage, textures, clips };
}

/** What was learned: D and G, and the codes of the stage's frames [frames * Z]. */
export interface Learned {
  readonly avatar: DeepAppearanceModel;
  readonly light: GainBiasModel;
  readonly codes: Float32Array;
  /** The folders of the phases. */
  readonly phases: readonly string[];
}

/** Trains an avatar on the fully lit moments of a stage, or reads what was trained. */
async function learnAvatar(
  { preset, folder, model, stage, textures }: Experiment,
  seed: number,
  following: TrainFollowing,
): Promise<Omit<Learned, 'light'>> {
  const phase = join(folder, `seed-${seed}`, 'avatar');
  const avatar = await trainAvatar(model, stage, textures, {
    ...{ folder: phase, size: preset.avatar, training: preset.avatarTraining, seed },
    ...following,
  });
  return { avatar, codes: await stageCodes(avatar, stage, textures), phases: [phase] };
}

/** Trains an avatar and its lighting model on the stage, or reads what was trained. */
export async function learn(experiment: Experiment, seed: number, following: TrainFollowing = {}): Promise<Learned> {
  const { preset, folder, stage } = experiment;
  const { avatar, codes: start, phases } = await learnAvatar(experiment, seed, following);
  const phase = join(folder, `seed-${seed}`, 'light');
  const { light, codes } = await trainLight(avatar, stage, start, {
    ...{ folder: phase, size: preset.light, training: preset.lightTraining, seed },
    ...following,
  });
  return { avatar, light, codes, phases: [...phases, phase] };
}

/**
 * What another subject is tracked by: an avatar of its own, and the lighting model that learned from the first subject's stage,
 * as the paper's ten test persons have one G.
 */
export async function learnOther(
  experiment: Experiment,
  { light }: Learned,
  seed: number,
  following: TrainFollowing = {},
): Promise<Learned> {
  return { ...(await learnAvatar(experiment, seed, following)), light };
}
