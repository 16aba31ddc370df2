import { Generator, tensor } from '@chiaro/autograd';
import type { MorphableModel } from '@chiaro/faces';
import { DataLoader, exponentialDecay } from '@chiaro/nn';
import { viewVectors } from '../draw/drawHeads.js';
import type { Stage } from '../stage/stage.js';
import { stacked } from '../training/stacked.js';
import { trainPhase, type TrainFollowing } from '../training/phase.js';
import { DeepAppearanceModel, type AppearanceBatch, type AppearanceSize } from './deepAppearance.js';
import { appearanceStatistics, type StageTexture, type StageTextures } from './stageTextures.js';

/** How long an avatar is trained. */
export interface AvatarTraining {
  readonly epochs: number;
  readonly batchSize: number;
  /** Adam's; 3e-4 in the published model, lowered by 5 % an epoch. */
  readonly rate: number;
}

/** What an avatar is made of. */
export interface AvatarJob extends TrainFollowing {
  readonly folder: string;
  readonly size: AppearanceSize;
  readonly training: AvatarTraining;
  readonly seed: number;
}

/** Faces of textures in a batch. */
function batchOf(stage: Stage, { size, averages }: StageTextures, items: readonly StageTexture[]): AppearanceBatch {
  const views = items.map(({ view }) => view);
  const stack = (of: (item: StageTexture) => ArrayLike<number>, ...shape: number[]) => stacked(items.map(of), shape);
  return {
    averages: stack(({ view }) => averages.get(view.frame)!, size, size, 3),
    positions: stack(({ view }) => stage.positions[view.frame], stage.positions[0].length / 3, 3),
    textures: stack(({ texture }) => texture, size, size, 3),
    visible: stack(({ visible }) => visible, size, size, 1),
    views: viewVectors({
      rotations: stacked(
        views.map(({ rotation }) => rotation),
        [3],
      ),
      translations: stacked(
        views.map(({ translation }) => translation),
        [3],
      ),
    }),
  };
}

/** An avatar before training, for the stage of its textures. */
const makeAvatar = (
  model: MorphableModel,
  stage: Stage,
  textures: StageTextures,
  size: AppearanceSize,
  seed: number,
): DeepAppearanceModel =>
  new DeepAppearanceModel(model.mesh(), size, appearanceStatistics(stage, textures), new Generator(10 * seed + 1));

/**
 * Trains a Deep Appearance Model on the fully lit views of a stage: the trained decoder that the paper starts from.
 * What an ended run did is not done again.
 */
export async function trainAvatar(
  model: MorphableModel,
  stage: Stage,
  textures: StageTextures,
  { folder, size, training, seed, ...following }: AvatarJob,
): Promise<DeepAppearanceModel> {
  const avatar = makeAvatar(model, stage, textures, size, seed);
  const { views } = textures;
  const data = new DataLoader(
    { length: views.length, item: (index: number) => views[index] },
    { batchSize: training.batchSize, seed, collate: (items) => batchOf(stage, textures, items) },
  );
  await trainPhase(
    {
      ...{
        folder,
        title: `Deep Appearance Model, seed ${seed}`,
        learners: { avatar },
        data,
        generator: avatar.generator,
      },
      ...{ epochs: training.epochs, rate: training.rate, decay: exponentialDecay(0.95) },
      terms: (batch) => avatar.terms(batch),
      about: { seed, size: JSON.stringify(size), batchSize: training.batchSize },
    },
    following,
  );
  avatar.freeze().eval();
  return avatar;
}

/**
 * Codes [frames * Z] of a stage's frames by the encoder: of a fully lit frame its own, of one with a single group that of the
 * fully lit frame before it, which has the same expression.
 */
export async function stageCodes(
  avatar: DeepAppearanceModel,
  stage: Stage,
  { averages, size }: StageTextures,
): Promise<Float32Array> {
  const codes = new Float32Array(stage.frames * avatar.codeSize);
  for (let frame = 0; frame < stage.frames; frame++) {
    const average = averages.get(frame);
    const { codeSize } = avatar;
    if (average) {
      const positions = tensor(stage.positions[frame], [1, stage.positions[frame].length / 3, 3]);
      const { mean } = avatar.encode(tensor(average, [1, size, size, 3]), positions);
      codes.set(await mean.data(), frame * codeSize);
    } else codes.copyWithin(frame * codeSize, (frame - 1) * codeSize, frame * codeSize);
  }
  return codes;
}
