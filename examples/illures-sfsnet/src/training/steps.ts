import { concat, noGrad, type Tensor } from '@chiaro/autograd';
import type { FaceBatch, FrameBatch, MapPairBatch } from '../data/batch.js';
import {
  albedoSpread,
  alignLoss,
  alignLosses,
  reconstructionLoss,
  sfsLoss,
  trueLabels,
  weakLoss,
  wholeLoss,
  type AlignNets,
  type LossOptions,
  type Terms,
} from '../losses.js';
import type { AlignNet } from '../networks/alignNet.js';
import type { Decomposer, Decomposition } from '../networks/decomposition.js';
import { stacked, type VideoBatch } from './batches.js';

/** What a step has computed: the terms whose sum is the loss, and numbers that are only watched. */
export interface StepTerms {
  readonly terms: Terms;
  readonly watched?: Readonly<Record<string, Tensor>>;
}

/** An AlignNet on true maps, eq. 5 or 6. */
export const alignStep =
  (net: AlignNet, options: LossOptions) =>
  ({ mapI, mapJ, contoursI, contoursJ, maskI, maskJ }: MapPairBatch): StepTerms => {
    const frames = { contours: concat([contoursI, contoursJ], 0), mask: concat([maskI, maskJ], 0) };
    return { terms: { [net.maps]: alignLoss(net, concat([mapI, mapJ], 0), frames, options) } };
  };

/** Eq. 3 on rendered faces. */
export const sfsStep =
  (network: Decomposer, options: LossOptions) =>
  (truth: FaceBatch): StepTerms => {
    const found = network.decompose(truth.image);
    const terms = sfsLoss(found, trueLabels(truth), truth.mask, options);
    return { terms, watched: { albedoSpread: albedoSpread(found.albedo, truth.mask) } };
  };

/** Eq. 4 on rendered faces. */
export const wholeStep =
  (network: Decomposer, options: LossOptions) =>
  (truth: FaceBatch): StepTerms => {
    const found = network.decompose(truth.image);
    const terms = wholeLoss(found, truth, options);
    return { terms, watched: { albedoSpread: albedoSpread(found.albedo, truth.mask) } };
  };

/** The networks of the later phases. */
export interface VideoNetworks {
  readonly network: Decomposer;
  readonly align?: AlignNets | undefined;
  /** The source of pseudo labels. */
  readonly labeller?: Decomposer | undefined;
}

/** What frames are trained by. */
function videoTerms(
  { align, labeller }: VideoNetworks,
  found: Decomposition,
  frames: FrameBatch,
  options: LossOptions,
): Terms {
  if (align) return weakLoss(align, found, frames, options);
  if (!labeller) return reconstructionLoss(found, frames, options);
  const labels = noGrad(() => labeller.decompose(frames.image));
  return sfsLoss(found, { ...labels, local: frames.image }, frames.mask, options);
}

/**
 * A step of the later phases: eq. 7 (or what the row has in its place) on pairs of frames, and eq. 4 on pairs of rendered
 * faces, which keeps maps from becoming constant. All images pass the network at once.
 *
 * @param withTruth whether AlignNets are trained, too: then they also learn from true maps.
 */
export const videoStep =
  (networks: VideoNetworks, { withTruth, ...options }: LossOptions & { readonly withTruth: boolean }) =>
  (batch: VideoBatch): StepTerms => {
    const { network, align } = networks;
    const truth = stacked(batch.synthetic);
    if (!batch.video) return prefixed('synthetic', wholeStep(network, options)(truth));
    const frames = stacked(batch.video);
    const found = network.decompose(concat([frames.image, truth.image], 0));
    const count = frames.image.shape[0];
    const ofFrames = partOf(found, 0, count);
    const ofTruth = partOf(found, count, count + truth.image.shape[0]);
    const alignTerms = align && withTruth ? alignLosses(align, truth, truth, options) : {};
    return {
      terms: {
        ...prefixed('video', { terms: videoTerms(networks, ofFrames, frames, options) }).terms,
        ...prefixed('synthetic', { terms: { ...wholeLoss(ofTruth, truth, options), ...alignTerms } }).terms,
      },
      watched: {
        'video/albedoSpread': albedoSpread(ofFrames.albedo, frames.mask),
        'synthetic/albedoSpread': albedoSpread(ofTruth.albedo, truth.mask),
      },
    };
  };

/** Some entries of a batch. */
const partOf = (found: Decomposition, from: number, to: number): Decomposition =>
  Object.fromEntries(
    Object.entries(found).map(([name, x]) => [name, (x as Tensor | undefined)?.slice([from, to])]),
  ) as unknown as Decomposition;

function prefixed(prefix: string, { terms, watched }: StepTerms): StepTerms {
  const named = (of: Terms): Terms =>
    Object.fromEntries(Object.entries(of).map(([name, x]) => [`${prefix}/${name}`, x]));
  return { terms: named(terms), ...(watched && { watched: named(watched) }) };
}
