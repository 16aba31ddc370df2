import { Generator, tensor, type Tensor } from '@chiaro/autograd';
import { Draws } from '@chiaro/faces';
import { Embedding, shuffledOrder, stepDecay, type Batched, type BatchSource } from '@chiaro/nn';
import type { DeepAppearanceModel } from '../avatar/deepAppearance.js';
import { drawHeads, viewVectors, type HeadPoses } from '../draw/drawHeads.js';
import { groupCode, litSkin, type Stage, type StageView } from '../stage/stage.js';
import { stacked } from '../training/stacked.js';
import { trainPhase, type TrainFollowing } from '../training/phase.js';
import { GainBiasModel, type GainBiasSize } from './gainBiasModel.js';

/** How G is trained on the stage. */
export interface LightTraining {
  readonly epochs: number;
  readonly batchSize: number;
  /** Adam's, lowered by a quarter after every `decayEpochs`: 1e-3 and 10 in the paper. */
  readonly rate: number;
  readonly decayEpochs: number;
  /** lambda_geo and lambda_reg of eq. 5, of terms that are means here: see `lightTerms`. */
  readonly geometry: number;
  readonly codes: number;
  /** Colours of image and code are multiplied by random numbers from 1 - this to 1 + this. */
  readonly augmentation: number;
}

/** Views of the stage, B of them. */
export interface LightBatch extends HeadPoses {
  /** [B] int32 */
  readonly frames: Tensor;
  /** [B, S, S, 3] linear RGB, with [B, S, S, 1] m of eq. 4. */
  readonly images: Tensor;
  readonly masks: Tensor;
  /** [B, L] */
  readonly light: Tensor;
  /** [B, 3] */
  readonly stageRotations: Tensor;
  /** [B, V, 3] M_t of eq. 5. */
  readonly positions: Tensor;
}

/** Views with a factor for each colour, which scales image and light code alike. */
export function lightBatch(
  stage: Stage,
  items: readonly { view: StageView; colours: readonly number[] }[],
): LightBatch {
  const { size, groups } = stage;
  type Item = (typeof items)[number];
  const stack = (of: (item: Item) => ArrayLike<number>, ...shape: number[]): Tensor => stacked(items.map(of), shape);
  const scaled = (values: ArrayLike<number>, colours: readonly number[]): Float32Array =>
    Float32Array.from(values, (x, i) => x * colours[i % 3]);
  return {
    frames: tensor(Int32Array.from(items, ({ view }) => view.frame)),
    images: stack(({ view, colours }) => scaled(view.image, colours), size, size, 3),
    masks: stack(({ view }) => view.mask, size, size, 1),
    light: stack(({ view, colours }) => scaled(groupCode(view.group, groups), colours), 3 * groups),
    rotations: stack(({ view }) => view.rotation, 3),
    translations: stack(({ view }) => view.translation, 3),
    stageRotations: stack(({ view }) => view.stageRotation, 3),
    positions: stack(({ view }) => stage.positions[view.frame], stage.positions[0].length / 3, 3),
  };
}

/** All views of the stage once in an epoch, in an order and with colours that follow from seed, epoch and number. */
function lightBatches(stage: Stage, { batchSize, augmentation }: LightTraining, seed: number): BatchSource<LightBatch> {
  const length = Math.floor(stage.views.length / batchSize);
  return {
    length,
    async *batches(epoch: number, from: number): AsyncGenerator<Batched<LightBatch>> {
      const order = shuffledOrder(stage.views.length, seed, epoch);
      for (let index = from; index < length; index++) {
        const draws = new Draws(seed, epoch, index);
        const places = [...order.subarray(index * batchSize, (index + 1) * batchSize)];
        const items = places.map((place) => ({
          view: stage.views[place],
          colours: [0, 1, 2].map(() => draws.between(1 - augmentation, 1 + augmentation)),
        }));
        yield { epoch, index, batch: lightBatch(stage, items) };
      }
    },
  };
}

/**
 * Terms of eq. 5. Where the paper sums, these are means in units of their own, so that the weights do not depend on sizes:
 * absolute residuals in the mask (eq. 4) over what skin is about in as much light (the mean of the code times that of the full
 * light: a single group is as important as all, and a view of its dark side no more than others), squared positions over the
 * variance of the person's, squared codes.
 */
export function lightTerms(
  avatar: DeepAppearanceModel,
  model: GainBiasModel,
  codes: Tensor,
  batch: LightBatch,
  camera: { readonly size: number; readonly focal: number },
  { geometry, codes: shrinkage }: Pick<LightTraining, 'geometry' | 'codes'>,
): Record<'image' | 'geometry' | 'codes', Tensor> {
  const views = viewVectors(batch);
  const { positions, textures } = avatar.decode(codes, views);
  const relit = model.relight({ textures, light: batch.light, rotations: batch.stageRotations, views });
  const { images } = drawHeads(avatar.mesh, { positions, textures: relit.textures }, batch, camera);
  const { masks, light } = batch;
  const residual = images.sub(batch.images).abs().mul(masks).sum([1, 2, 3]);
  const bright = masks.sum([1, 2, 3]).mul(3).mul(light.mean(1)).mul(litSkin);
  return {
    image: residual.div(bright).mean(),
    geometry: positions.sub(batch.positions).div(avatar.positionScale).square().mean().mul(geometry),
    codes: codes.square().mean().mul(shrinkage),
  };
}

/** What G is made of. */
export interface LightJob extends TrainFollowing {
  readonly folder: string;
  readonly size: Omit<GainBiasSize, 'groups'>;
  readonly training: LightTraining;
  readonly seed: number;
}

/** G of any seed before training. */
export const makeLight = (stage: Pick<Stage, 'groups'>, size: LightJob['size'], seed: number): GainBiasModel =>
  new GainBiasModel({ ...size, groups: stage.groups }, new Generator(10 * seed + 2));

/**
 * Trains G by eq. 4 and 5, with the avatar's decoder fixed and the codes of all frames free. What an ended run did is not
 * done again.
 * @param startCodes [frames * Z]
 * @returns G, and the codes of the frames as they came out, [frames * Z].
 */
export async function trainLight(
  avatar: DeepAppearanceModel,
  stage: Stage,
  startCodes: Float32Array,
  { folder, size, training, seed, ...following }: LightJob,
): Promise<{ readonly light: GainBiasModel; readonly codes: Float32Array }> {
  const light = makeLight(stage, size, seed);
  const codes = new Embedding(stage.frames, avatar.codeSize, { generator: new Generator(seed) });
  codes.weight.assign(tensor(startCodes, [stage.frames, avatar.codeSize]));
  await trainPhase(
    {
      ...{ folder, title: `Lighting model, seed ${seed}`, learners: { light, codes } },
      ...{ data: lightBatches(stage, training, seed), epochs: training.epochs, rate: training.rate },
      decay: stepDecay({ every: training.decayEpochs, gamma: 0.75 }),
      terms: (batch) => lightTerms(avatar, light, codes.forward(batch.frames), batch, stage, training),
      about: { seed, size: JSON.stringify(size), training: JSON.stringify(training) },
    },
    following,
  );
  return { light, codes: Float32Array.from(await codes.weight.data()) };
}
