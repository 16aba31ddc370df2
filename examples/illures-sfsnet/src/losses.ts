import { concat, type Tensor } from '@chiaro/autograd';
import type { FaceBatch, FrameBatch } from './data/batch.js';
import type { AlignNet } from './networks/alignNet.js';
import { storedOf, type Decomposition } from './networks/decomposition.js';
import { toSfsnet } from './sphericalHarmonics.js';

/**
 * Lambdas of eq. 3, 4 and 7, and what the bars there mean. The paper gives neither: by default, means of absolute
 * differences over colours and the mask's pixels, all with weight 1; the squares of light, which are not pixels, weigh 0.1.
 */
export interface LossOptions {
  /** lambda_l, of I_l in eq. 3: 1. */
  readonly local: number;
  /** lambda_a: 1. */
  readonly albedo: number;
  /** lambda_n, of normals as they are stored, (n + 1) / 2: 1. */
  readonly normals: number;
  /** lambda_h, of the mean square of light's 27 numbers in SfSNet's convention: 0.1. */
  readonly light: number;
  /** lambda_g, of I_g in eq. 4 and 7: 1. */
  readonly image: number;
  /** lambda_r, of R in eq. 4: 1. */
  readonly residual: number;
  /** lambda_ab, of L_a in eq. 7: 1. */
  readonly alignAlbedo: number;
  /** lambda_no, of L_n in eq. 7: 1. */
  readonly alignNormals: number;
  /** Of maps: absolute differences, or their squares: l1. */
  readonly norm: 'l1' | 'l2';
}

export const defaultLosses: LossOptions = {
  ...{ local: 1, albedo: 1, normals: 1, light: 0.1 },
  ...{ image: 1, residual: 1, alignAlbedo: 1, alignNormals: 1, norm: 'l1' },
};

/** Weighted terms of a loss by name; their sum is the loss. */
export type Terms = Readonly<Record<string, Tensor>>;

/** Names of the terms that eq. 3 to 7 are made of. */
type TermName = Exclude<keyof LossOptions, 'norm'>;

/** ||x - target|| of maps [B, S, S, 3] in a mask [B, S, S, 1]. */
function distance(x: Tensor, target: Tensor, mask: Tensor, norm: LossOptions['norm']): Tensor {
  const difference = x.sub(target);
  const each = norm === 'l1' ? difference.abs() : difference.square();
  const channels = x.shape.at(-1)!;
  return each.mul(mask).sum().div(mask.sum().mul(channels).add(1e-6));
}

const weighted = (options: LossOptions, terms: Partial<Record<TermName, Tensor>>): Terms =>
  Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.mul(options[name as TermName])]));

/** What eq. 3 compares with. */
export interface Labels {
  /** A, [B, S, S, 3]. */
  readonly albedo: Tensor;
  /** N as it is stored, [B, S, S, 3]. */
  readonly storedNormals: Tensor;
  /** L in SfSNet's convention, [B, 27]. */
  readonly light: Tensor;
  /** I_l, [B, S, S, 3]. */
  readonly local: Tensor;
}

/** Labels that were rendered. */
export const trueLabels = ({ image, albedo, normals, light, residual }: FaceBatch): Labels => ({
  albedo,
  storedNormals: storedOf(normals),
  light: toSfsnet(light),
  local: image.sub(residual),
});

/** Eq. 3, L_s: SfSNet, supervised. */
export function sfsLoss(found: Decomposition, labels: Labels, mask: Tensor, options: LossOptions): Terms {
  const { norm } = options;
  return weighted(options, {
    local: distance(found.local, labels.local, mask, norm),
    albedo: distance(found.albedo, labels.albedo, mask, norm),
    normals: distance(found.storedNormals, labels.storedNormals, mask, norm),
    light: found.light.sub(labels.light).square().mean(),
  });
}

/** Eq. 4, L_g: the whole of IlluRes-SfSNet, supervised; without an R, L_s. */
export function wholeLoss(found: Decomposition, truth: FaceBatch, options: LossOptions): Terms {
  const { mask, image, residual } = truth;
  const { norm } = options;
  const supervised = sfsLoss(found, trueLabels(truth), mask, options);
  if (!found.residual) return supervised;
  return {
    ...weighted(options, {
      image: distance(found.image, image, mask, norm),
      residual: distance(found.residual, residual, mask, norm),
    }),
    ...supervised,
  };
}

/** ||I_g - I_g'||, the first term of eq. 7, which section 3.2 says does not help alone. */
export const reconstructionLoss = (found: Decomposition, { image, mask }: FrameBatch, options: LossOptions): Terms =>
  weighted(options, { image: distance(found.image, image, mask, options.norm) });

/** The two networks of section 3.2. */
export interface AlignNets {
  readonly albedo: AlignNet;
  readonly normals: AlignNet;
}

/** The other frame of each pair: of entries of all frames i, then all frames j, [2 B, ...], the halves change places. */
function otherOf(x: Tensor): Tensor {
  const half = x.shape[0] / 2;
  return concat([x.slice([half, 2 * half]), x.slice([0, half])], 0);
}

/**
 * Eq. 5, L_a, or eq. 6, L_n, from i to j and from j to i at once: ||X_j - phi(C_i, C_j, X_i)||. Normals are compared as they
 * are stored. In training of the AlignNets maps are true ones, later they are predicted.
 *
 * @param maps albedo, or unit normals, of all frames i, then all frames j: [2 B, S, S, 3].
 * @param frames the same frames.
 */
export function alignLoss(
  net: AlignNet,
  maps: Tensor,
  { contours, mask }: Pick<FrameBatch, 'contours' | 'mask'>,
  { norm }: Pick<LossOptions, 'norm'>,
): Tensor {
  const stored = (x: Tensor): Tensor => (net.maps === 'normals' ? storedOf(x) : x);
  // what is predicted beside the face is nothing that AlignNets have learned of
  const aligned = net.align(contours, otherOf(contours), maps.mul(mask));
  return distance(stored(aligned), stored(otherOf(maps)), otherOf(mask), norm);
}

/** L_a and L_n of eq. 7 for albedo and normals that are predicted for, or known of, all frames i, then all frames j. */
export const alignLosses = (
  nets: AlignNets,
  maps: { readonly albedo: Tensor; readonly normals: Tensor },
  frames: FrameBatch,
  options: LossOptions,
): Terms =>
  weighted(options, {
    alignAlbedo: alignLoss(nets.albedo, maps.albedo, frames, options),
    alignNormals: alignLoss(nets.normals, maps.normals, frames, options),
  });

/** Eq. 7, L: weakly supervised, on all frames i of pairs, then all frames j. */
export const weakLoss = (nets: AlignNets, found: Decomposition, frames: FrameBatch, options: LossOptions): Terms => ({
  ...reconstructionLoss(found, frames, options),
  ...alignLosses(nets, found, frames, options),
});

/** The sum of all terms. */
export const total = (terms: Terms): Tensor => Object.values(terms).reduce((sum, term) => sum.add(term));

/**
 * Standard deviation of albedo over the faces' pixels, the mean of all faces and colours: constant maps minimise eq. 5 and 6,
 * so that this must not fall.
 */
export function albedoSpread(albedo: Tensor, mask: Tensor): Tensor {
  const count = mask.sum([1, 2], true).add(1e-6);
  const mean = albedo.mul(mask).sum([1, 2], true).div(count);
  return albedo.sub(mean).square().mul(mask).sum([1, 2], true).div(count).add(1e-12).sqrt().mean();
}
