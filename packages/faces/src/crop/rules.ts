import type { CropRule } from './crop.js';
import type { LandmarkMaskRule } from './landmarkMask.js';

/**
 * Which square each method takes of a photograph, by the face's landmarks. Where a paper does not say, the rule is the
 * one that its example package was trained with: a network wants all its faces cut alike.
 */
export const cropRules = {
  /** `fitFace` (`FitConfig.cropMargin` is another margin): the whole head, within the photograph. */
  fit: { margin: 1.75, raised: 0.12 },
  /**
   * InverseFaceNet (Kim et al., CVPR 2018), section 6.1: the box of the 66 landmarks that its tracker has, resized
   * uniformly to fit inside. The usual 68 without the inner corners of the mouth.
   */
  inverseFaceNet: { margin: 1, raised: 0, leftOut: [60, 64] },
  /** The relighting networks of `illures-sfsnet`: 0.66 of the square is face, a little below its middle. */
  illuresSfsNet: { margin: 1 / 0.66, raised: 0.06 / 0.66 },
  /** Rich reflectance (Dib et al. 2022) and S2F2: the landmarks lie as in the pictures that the networks learn from. */
  richReflectance: { margin: 1 / 0.492, raised: 0.041 / 0.492 },
} as const satisfies Readonly<Record<string, CropRule>>;

/** Which pixels each method takes for the face, by its landmarks. */
export const maskRules = {
  /** InverseFaceNet, section 6.1: background and inside of the mouth are masked. */
  inverseFaceNet: { mouth: false },
  /** The relighting networks of `illures-sfsnet`: with a forehead. */
  illuresSfsNet: { forehead: 0.45 },
} as const satisfies Readonly<Record<string, LandmarkMaskRule>>;
