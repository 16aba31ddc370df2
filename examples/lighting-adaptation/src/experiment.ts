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
import { openStage, type Stage } from './stage/stage.js';
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
  readonly onProgress?: (what: string, done: number, count: number) => void;
  readonly signal?: AbortSignal;
}

/** Seed of the person on the stage, and of the clips' motions and lights. */
const [subjectSeed, clipSeed] = [1, 1];

/**
 * Renders, or reads, the stage and the clips of a preset, which `folder` keeps.
 * @throws FormatError for a folder that holds others; the signal's reason.
 */
export async function prepare(
  preset: Preset,
  folder: string,
  { onProgress, signal }: PrepareOptions = {},
): Promise<Experiment> {
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
  const stage = await openStage(join(sets, 'stage'), model, preset.stage, subjectSeed, following('light stage'));
  const size = 4 * 2 ** preset.avatar.encoder.length;
  const about = { ...preset.stage, subjectSeed };
  const textures = await stageTextures(join(sets, 'textures'), model, stage, size, about, following('textures'));
  const clips: Clip[] = [];
  for (const name of preset.clips) {
    const to = join(sets, `clip-${name}`);
    clips.push(await openWildClip(to, model, name, preset.clip, stage.subject, clipSeed, following(`clip ${name}`)));
  }
  return { preset, folder, model, stage, textures, clips };
}

/** What was learned from the stage: D and G, and the codes of its frames [frames * Z]. */
export interface Learned {
  readonly avatar: DeepAppearanceModel;
  readonly light: GainBiasModel;
  readonly codes: Float32Array;
  /** The folders of the phases. */
  readonly phases: readonly string[];
}

/** Trains an avatar and its lighting model on the stage, or reads what was trained. */
export async function learn(experiment: Experiment, seed: number, following: TrainFollowing = {}): Promise<Learned> {
  const { preset, folder, model, stage, textures } = experiment;
  const phases = ['avatar', 'light'].map((name) => join(folder, `seed-${seed}`, name));
  const avatar = await trainAvatar(model, stage, textures, {
    ...{ folder: phases[0], size: preset.avatar, training: preset.avatarTraining, seed },
    ...following,
  });
  const start = await stageCodes(avatar, stage, textures);
  const { light, codes } = await trainLight(avatar, stage, start, {
    ...{ folder: phases[1], size: preset.light, training: preset.lightTraining, seed },
    ...following,
  });
  return { avatar, light, codes, phases };
}
