import { cropRules } from '../crop/index.js';
import type { PathTraceOptions } from '../engine.js';
import type { LightPriors } from './light/solveLight.js';
import type { LandmarkPriors } from './pose/solveLandmarks.js';

/** Learning rates of the variables per step of Adam, in their own units. */
export interface Rates {
  /** Radians. */
  readonly rotation: number;
  /** Millimetres. */
  readonly translation: number;
  readonly identity: number;
  readonly blendshapes: number;
  readonly albedo: number;
  readonly tint: number;
  /** As a fraction of the light's mean coefficient. */
  readonly light: number;
}

/** Weights of what the model stages lower: a sum of squares in standard deviations. */
export interface Weights {
  /** Of the mean difference to the photograph: independent pixels over their standard deviation. */
  readonly photo: number;
  /** Of the same at the vertices, which silhouettes speak through; in the ray-traced stage. */
  readonly vertices: number;
  readonly landmarks: number;
  /** Of the squares of the coefficients; 1 is the model's prior. */
  readonly identity: number;
  readonly blendshapes: number;
  readonly albedo: number;
  readonly tint: number;
  /** Of the prior of the light, see `LightPriors`. */
  readonly light: number;
}

/** One resolution of the ray-traced stage. */
export interface TraceLevel {
  /** Pixels of the crop's side. */
  readonly size: number;
  /** Samples per pixel of each of the two renders of a step. */
  readonly spp: number;
  readonly steps: number;
  /** Share of the whole budget of seconds that the level may take. */
  readonly share: number;
}

/** Schedule and weights of a fit. Lengths in pixels are of the crop at the size named beside them. */
export interface FitConfig {
  /** Identity modes that are fitted: the largest ones. */
  readonly identityModes: number;
  /** Side of the crop over the longer side of the landmarks' box. */
  readonly cropMargin: number;
  /** Pixels of the crop's side in the images of the result and for the textures; less where the photograph has less. */
  readonly size: number;
  readonly pose: LandmarkPriors & {
    /** Yaw in radians beyond which a head counts as a profile: half of the landmarks are guesses there. */
    readonly largestYaw: number;
  };
  readonly light: LightPriors & {
    /** Bands of spherical harmonics of the light, 1 to 9: 9 have 81 coefficients, 3 have 9. */
    readonly bands: number;
    /** Directions of rays per vertex. */
    readonly directions: number;
  };
  readonly vertex: {
    readonly size: number;
    /** Rounds of light in closed form and steps of Adam in between. */
    readonly rounds: number;
    readonly steps: number;
    readonly share: number;
    readonly rates: Rates;
    readonly weights: Weights;
  };
  readonly trace: {
    readonly levels: readonly TraceLevel[];
    /** Rows of the light's map. */
    readonly lightHeight: number;
    /**
     * Edges whose motion the rays have gradients of, as `pathTrace` takes it: none by default, since the vertices' term moves
     * silhouettes for less. What lies behind the head is in no scene: the head's outline against it is not compared, but edges
     * of the face before itself, the neck and the ears are, and with `all` edges of shadows.
     */
    readonly boundary?: PathTraceOptions['boundary'];
    readonly rates: Rates;
    readonly weights: Weights;
  };
  readonly albedo: {
    /** Of the mean difference to the photograph where the coefficients of the albedo are solved for; 1 is their prior. */
    readonly weight: number;
  };
  readonly texture: {
    /** Texels of the side of the increments. */
    readonly size: number;
    readonly steps: number;
    readonly share: number;
    /** Learning rates of the increments. */
    readonly diffuseRate: number;
    readonly specularRate: number;
    /** Samples per pixel of the shading that is held while the textures move. */
    readonly shadingSpp: number;
    /** Weights beside the mean difference to the photograph, which has 1; after Dib et al. 2021, eq. 3. */
    readonly symmetry: number;
    readonly consistencyStart: number;
    readonly consistencyEnd: number;
    readonly consistencySpecular: number;
    readonly smoothness: number;
    readonly box: number;
  };
  readonly render: {
    readonly spp: number;
    /** Side of relit images and of the frames of the turntable, and samples per pixel. */
    readonly smallSize: number;
    readonly smallSpp: number;
    /** How many of the studio lights are shown, 0 to 6. */
    readonly lights: number;
    /** Frames of the turntable; none below 2. */
    readonly frames: number;
  };
}

const slide = {
  jaw: 4,
  rightBrow: 1.5,
  leftBrow: 1.5,
  noseBridge: 1.5,
  noseBase: 1,
  rightEye: 1,
  leftEye: 1,
  outerLips: 1.5,
  innerLips: 1.5,
};

const vertexRates: Rates = {
  rotation: 0.002,
  translation: 0.3,
  identity: 0.03,
  blendshapes: 0.01,
  albedo: 0.05,
  tint: 0.05,
  light: 0.01,
};

const weights: Weights = {
  photo: 3000,
  vertices: 1000,
  landmarks: 1,
  identity: 1,
  blendshapes: 1,
  albedo: 1,
  tint: 1,
  light: 1,
};

/** The full schedule: within 10 minutes on two cores with a software GPU. */
export const defaultConfig: FitConfig = {
  identityModes: 80,
  cropMargin: cropRules.fit.margin,
  size: 256,
  pose: {
    landmarkSigma: 0.015,
    slide,
    expressionSigma: 0.3,
    // landmarks alone do not tell the distance: from 0.7 to 2 m their distance to the model changes by 2 % of itself
    distance: 1200,
    distanceSigma: 0.2,
    largestYaw: 0.8,
  },
  light: {
    noise: 0.1,
    independentSamples: 300,
    contrast: 0.7,
    colourfulness: 0.1,
    negativity: 20,
    exposure: 0.8,
    exposureSigma: 0.3,
    bands: 9,
    directions: 192,
  },
  vertex: { size: 112, rounds: 3, steps: 40, share: 0.2, rates: vertexRates, weights },
  trace: {
    levels: [
      { size: 56, spp: 4, steps: 80, share: 0.15 },
      { size: 112, spp: 2, steps: 50, share: 0.2 },
    ],
    lightHeight: 32,
    rates: { ...vertexRates, rotation: 0.001, translation: 0.15, identity: 0.015, blendshapes: 0.005 },
    weights,
  },
  albedo: { weight: 24000 },
  texture: {
    size: 256,
    steps: 200,
    share: 0.2,
    diffuseRate: 0.015,
    specularRate: 0.0007,
    shadingSpp: 32,
    symmetry: 0.1,
    consistencyStart: 2,
    consistencyEnd: 0.2,
    consistencySpecular: 5,
    smoothness: 0.5,
    box: 10,
  },
  render: { spp: 32, smallSize: 128, smallSpp: 16, lights: 6, frames: 12 },
};

/** A first look: within 2 minutes on two cores with a software GPU. */
export const quickConfig: FitConfig = {
  ...defaultConfig,
  identityModes: 60,
  size: 160,
  vertex: { ...defaultConfig.vertex, rounds: 2, steps: 30 },
  trace: { ...defaultConfig.trace, levels: [{ size: 56, spp: 2, steps: 30, share: 0.25 }] },
  texture: { ...defaultConfig.texture, size: 192, steps: 80, shadingSpp: 12 },
  render: { spp: 12, smallSize: 96, smallSpp: 8, lights: 6, frames: 0 },
};

/** Below this many seconds a fit takes the quick schedule. */
const quickBelow = 240;

/** The schedule for a number of seconds. */
export const configFor = (budgetSeconds: number): FitConfig =>
  budgetSeconds < quickBelow ? quickConfig : defaultConfig;

/**
 * A fit of shape, pose and light by so many vertex-based steps, on 96 pixels; next to nothing is done for textures and
 * pictures. Says what a start is worth (see `FaceInPhoto.start`). @param steps an even number.
 */
export function vertexConfig(steps: number): FitConfig {
  const { vertex, trace, texture, render } = defaultConfig;
  return {
    ...defaultConfig,
    size: 96,
    vertex: { ...vertex, size: 96, rounds: 2, steps: steps / 2 },
    trace: { ...trace, levels: [] },
    texture: { ...texture, size: 64, steps: 1, shadingSpp: 2 },
    render: { ...render, spp: 1, lights: 0, frames: 0 },
  };
}
