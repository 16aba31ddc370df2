import { Adam } from '@chiaro/nn';
import { Parameter, compile, concat, noGrad, sampleTexture, stack, tensor, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { photometricLoss } from '../../losses/index.js';
import { boxTerm, chromaticityConsistency, smoothnessTerm, symmetryTerm } from '../../regularisers/index.js';
import { resized } from '../../scene/texels.js';
import type { FaceTexels } from '../../scene/texels.js';
import type { FaceTextures } from '../../scene/posedFace.js';
import type { ShadingMaps } from '../../scene/shadingMaps.js';
import type { SurfaceImage } from '../../scene/surfaceImage.js';
import type { FitConfig } from '../config.js';

/** What is added to the model's reflectance, as cells. */
export interface Increments {
  /** [T, T, 3] */
  readonly diffuse: Parameter;
  /** [T, T, 1] */
  readonly specular: Parameter;
}

/** Names of the values that a step of the texture stage gives, in order. */
export const textureTerms = ['total', 'photometric', 'symmetry', 'consistency', 'smoothness'] as const;

/** Increments of zero. */
export const increments = (size: number): Increments => ({
  diffuse: new Parameter(zeros([size, size, 3])),
  specular: new Parameter(zeros([size, size, 1])),
});

/** The textures with increments added, limited to what reflectances may be. */
export function personalised(base: FaceTextures, { diffuse, specular }: Increments): FaceTextures {
  const size = diffuse.shape[0];
  return {
    diffuse: resized(base.diffuse, size).add(diffuse).clamp(0.002, 0.98),
    specular: resized(base.specular, size).add(specular).clamp(0, 0.98),
  };
}

/** Everything that the texture stage holds fixed. */
export interface TextureProblem {
  readonly base: FaceTextures;
  readonly texels: FaceTexels;
  /** The photographs, of which all pixels together are compared. */
  readonly views: readonly TextureView[];
}

/** One photograph of the texture stage. */
export interface TextureView {
  readonly surface: SurfaceImage;
  readonly maps: ShadingMaps;
  /** [H, W, 3] linear RGB. */
  readonly photo: Tensor;
  /** Pixels that are compared, row by row. */
  readonly pixels: Int32Array;
}

/**
 * One step of the texture stage as a compiled function of the weight of diffuse consistency -> [5] values of
 * `textureTerms`. Geometry and light stand, so that the traced shading of every pixel can be held as a map and the image
 * is linear in the textures: what moves are increments per texel on the model's reflectance, under the terms of Dib et
 * al. 2021, eq. 3, which keep light and shadow out of them.
 */
export function textureStep(
  problem: TextureProblem,
  cells: Increments,
  adam: Adam,
  config: FitConfig['texture'],
): (consistency: number) => Tensor {
  const { texels, base, views } = problem;
  const size = cells.diffuse.shape[0];
  const { samples } = views[0].surface;
  const count = views.reduce((sum, { pixels }) => sum + pixels.length, 0);
  const ofAll = (valuesOf: (view: TextureView, rows: Tensor) => Tensor): Tensor => {
    const parts = views.map((view) => valuesOf(view, tensor(view.pixels)));
    return parts.length === 1 ? parts[0] : concat(parts, 0);
  };
  const atPixels = (imageOf: (view: TextureView) => Tensor): Tensor =>
    ofAll((view, rows) =>
      imageOf(view)
        .reshape([-1, imageOf(view).shape[2]])
        .indexSelect(0, rows),
    );
  const rays = (name: 'uv' | 'hit', width: number): Tensor =>
    ofAll(({ surface }, rows) =>
      surface[name].reshape([surface.height * surface.width, samples * width]).indexSelect(0, rows),
    );
  const fixed = noGrad(() => ({
    uv: rays('uv', 2).reshape([count * samples, 2]),
    hit: rays('hit', 1).reshape([count, samples, 1]),
    shading: atPixels(({ maps }) => maps.shading),
    grazing: atPixels(({ maps }) => maps.grazing),
    gloss: atPixels(({ maps }) => maps.gloss),
    photo: atPixels(({ photo }) => photo),
    diffuse: resized(base.diffuse, size),
    specular: resized(base.specular.narrow(2, 0, 1), size),
  }));
  const weights = tensor(texels.mask, [size, size, 1]);
  const mirror = tensor(texels.mirror);
  const ones = tensor(new Float32Array(count).fill(1));
  return compile((consistencyWeight: number) => {
    const diffuse = fixed.diffuse.add(cells.diffuse);
    const specular = fixed.specular.add(cells.specular);
    const sampled = sampleTexture(concat([diffuse, specular], 2), fixed.uv).reshape([count, samples, 4]);
    const seen = sampled.mul(fixed.hit).sum(1).div(fixed.hit.sum(1).clamp(1));
    const image = seen
      .narrow(1, 0, 3)
      .mul(fixed.shading)
      .add(fixed.grazing)
      .add(seen.narrow(1, 3, 1).mul(fixed.gloss));
    const photometric = photometricLoss(image, fixed.photo, ones, 0.005);
    const symmetry = symmetryTerm(diffuse, { mirror, weights }).add(symmetryTerm(specular, { mirror, weights }));
    const consistency = chromaticityConsistency(diffuse, fixed.diffuse, weights);
    const specularConsistency = specular.sub(fixed.specular).abs().mul(weights).mean();
    const smoothness = smoothnessTerm(diffuse).add(smoothnessTerm(specular));
    const box = boxTerm(diffuse).add(boxTerm(specular));
    const total = photometric
      .add(symmetry.mul(config.symmetry))
      .add(consistency.mul(consistencyWeight))
      .add(specularConsistency.mul(config.consistencySpecular))
      .add(smoothness.mul(config.smoothness))
      .add(box.mul(config.box));
    total.backward();
    adam.step();
    adam.zeroGrad();
    return stack([total, photometric, symmetry, consistency, smoothness]);
  });
}

/** Adam for the increments. */
export const textureAdam = ({ diffuse, specular }: Increments, config: FitConfig['texture']): Adam =>
  new Adam(
    [
      { params: [diffuse], lr: config.diffuseRate },
      { params: [specular], lr: config.specularRate },
    ],
    { betas: [0.9, 0.99] },
  );
