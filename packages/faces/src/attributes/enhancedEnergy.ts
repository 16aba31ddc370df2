import { ShapeError, stack, Tensor, tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import { boxTerm, chromaticityConsistency, smoothnessTerm, symmetryTerm } from '../regularisers/index.js';
import type { AlbedoAtlas } from './albedoAtlas.js';
import type { RayOptions } from './attributeFace.js';
import type { EnhancedFace } from './enhancedFace.js';
import { rayTerm, vertexTerm } from './photoTerms.js';
import type { AttributeView } from './photoTerms.js';

/** Names of the terms of an enhanced face, in order. */
export const enhancedTerms = [
  'rays',
  'vertices',
  'diffuseSymmetry',
  'specularSymmetry',
  'diffuseConsistency',
  'specularConsistency',
  'diffuseSmoothness',
  'specularSmoothness',
  'normalSmoothness',
  'textureBox',
] as const;
export type EnhancedTerm = (typeof enhancedTerms)[number];

/** Factors of the terms: numbers, or tensors of shape [] for those that change; what has the number 0 is not computed. */
export type EnhancedWeights = Readonly<Record<EnhancedTerm, number | Tensor>>;

/**
 * The terms of an enhanced face, Dib et al. 2021, eq. 3, without those of `baseEnergy` that textures do not change: [10]
 * values of `enhancedTerms` with their weights. All are means:
 * - rays, vertices: the photo losses of `baseEnergy`, of the enhanced albedos, and of the normal map for rays;
 * - symmetry: |A - mirror image of A| over the texels of the face, summed over channels (`symmetryTerm`);
 * - diffuseConsistency: |kappa(D + d) - kappa(D)| over the texels of the face (`chromaticityConsistency`);
 * - specularConsistency: the same of grey specular albedos, whose colour never changes but by the 1 in the denominator
 *   of kappa: of dark ones, brightness counts a little;
 * - smoothness: squared differences to the neighbours right and below over all texels (`smoothnessTerm`), of the sums, and
 *   of the normals in [-1, 1];
 * - textureBox: squared distance to [0, 1], of both albedos.
 *
 * Increments may go where the box brings them back from: it looks at the sums, and rays at what is within the range.
 * @param atlas tells which texels are of the face, and their mirror images.
 * @throws ShapeError for a weight of normalSmoothness where the face has no normal map.
 */
export function enhancedEnergy(
  model: MorphableModel,
  { face: inFace, mirror }: Pick<AlbedoAtlas, 'face' | 'mirror'>,
  face: EnhancedFace,
  view: AttributeView,
  rays: RayOptions,
  weights: EnhancedWeights,
): Tensor {
  const { base, sums, normalMap } = face;
  const [height, width] = base.diffuse.shape;
  const grey = (texture: Tensor): Tensor => texture.expand([height, width, 3]);
  const symmetry = (texture: Tensor): Tensor => symmetryTerm(texture, { mirror, weights: inFace });
  const terms: Record<EnhancedTerm, () => Tensor> = {
    rays: () => rayTerm(model, face, view, rays),
    vertices: () => vertexTerm(model, face, view),
    diffuseSymmetry: () => symmetry(sums.diffuse),
    specularSymmetry: () => symmetry(sums.specular),
    diffuseConsistency: () => chromaticityConsistency(sums.diffuse, base.diffuse, inFace),
    specularConsistency: () => chromaticityConsistency(grey(sums.specular), grey(base.specular), inFace),
    diffuseSmoothness: () => smoothnessTerm(sums.diffuse),
    specularSmoothness: () => smoothnessTerm(sums.specular),
    normalSmoothness: () => {
      if (normalMap) return smoothnessTerm(normalMap.mul(2).sub(1));
      throw new ShapeError('enhancedEnergy: a weight of normalSmoothness needs a face with a normal map');
    },
    textureBox: () => boxTerm(sums.diffuse).add(boxTerm(sums.specular)),
  };
  const none = tensor(0);
  return stack(enhancedTerms.map((name) => (weights[name] === 0 ? none : terms[name]().mul(weights[name]))));
}
