import type { Photo } from '../photo/photo.js';
import type { FitConfig } from './config.js';

/**
 * What passes between a fit and everything around it (result folder, report, command line): plain numbers on the host,
 * no tensors, so that results can be written, inlined and tested without a GPU.
 */

/** Numbers of an image on the host: rows from the top, channels interleaved. Linear light unless said otherwise. */
export interface HostImage {
  readonly width: number;
  readonly height: number;
  /** 1: a mask or a scalar map; 3: linear RGB or a vector. */
  readonly channels: 1 | 3;
  /** [height * width * channels] */
  readonly data: Float32Array;
}

/** The stages of a fit in their order. */
export const fitStages = ['detect', 'pose', 'model', 'texture', 'render'] as const;

/**
 * detect: face and landmarks; pose: camera and head pose from landmarks; model: coefficients and light by ray tracing;
 * texture: increments per texel; render: the images of the result.
 */
export type FitStage = (typeof fitStages)[number];

/** The stages' names for people. */
export const stageTitles: Readonly<Record<FitStage, string>> = {
  detect: 'Detection',
  pose: 'Camera and pose',
  model: 'Shape and light',
  texture: 'Textures',
  render: 'Renders',
};

/**
 * Where a fit is. Sent at the begin of a stage (step 0), at least once a second or once a step after, and at its end
 * (step = steps). A stage of several phases begins at 0 with each.
 */
export interface FitProgress {
  readonly stage: FitStage;
  /** What is being done, for people: `32 x 32 pixels, 4 samples`. */
  readonly detail?: string;
  readonly step: number;
  /** Steps that this stage is planned to have; may be corrected while it runs. */
  readonly steps: number;
  /** The value that the stage lowers, as it was a step or more ago. */
  readonly loss?: number;
  /** Steps per second, of late; 0 while unknown. */
  readonly rate: number;
  /** Seconds to the end of this stage; undefined while unknown. */
  readonly etaSeconds?: number;
}

/** Something that a fit wants to tell its user once: several faces, a dark photograph, a stage left out. */
export type FitNote = string;

/** One array of a saved state. */
export interface SavedArray {
  readonly shape: readonly number[];
  /** Its kind is its dtype. */
  readonly data: Float32Array | Int32Array;
}

/** All that a fit needs to go on: written to a file by the caller, handed back as `FitOptions.resume`. */
export interface FitCheckpoint {
  readonly formatVersion: 1;
  readonly stage: FitStage;
  /** Steps of that stage that are done. */
  readonly step: number;
  /** Parameters, state of the optimiser, everything that is large. */
  readonly arrays: Readonly<Record<string, SavedArray>>;
  /** Everything else as JSON: schedule, counters of generators, curves, seconds spent. */
  readonly info: Readonly<Record<string, unknown>>;
}

/** What a fit takes besides the photograph. */
export interface FitOptions {
  /** A shipped model's name or the path of a model file; the shipped default model if not given. */
  readonly model?: string;
  /** Seconds that the whole fit may take: the schedule is planned for them. */
  readonly budgetSeconds: number;
  /** Schedule and weights; by the seconds of the budget `quickConfig` (below 240) or `defaultConfig` if not given. */
  readonly config?: FitConfig;
  /** First of all random numbers. */
  readonly seed: number;
  /** Which face of several: 1 is the leftmost, see `findFaces`. The largest if not given; `fitFace` has landmarks instead. */
  readonly face?: number;
  /** From `onCheckpoint` of an earlier call with the same photograph, model and seed. */
  readonly resume?: FitCheckpoint;
  /** Ends the fit at its next step: it hands out a last checkpoint, then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FitProgress) => void;
  /** At every end of a stage, every 30 seconds or so, and once more after an abort. The fit waits for it. */
  readonly onCheckpoint?: (state: FitCheckpoint) => Promise<void>;
  readonly onNote?: (note: FitNote) => void;
}

/** The fit as its callers see it: `fitPhoto` is one. @throws ChiaroError for no face, a profile and the like, before the first checkpoint. */
export type FitFace = (photo: Photo, options: FitOptions) => Promise<FitResult>;

/** A group of fitted numbers. */
export interface FitParameter {
  /** As in `identity`, `expression`, `light.sh`; unique. */
  readonly name: string;
  /** One line: what it is, and whose convention. */
  readonly description: string;
  /** `mm`, `rad`, `px`, `sigma`, `weight in [0, 1]`, `linear radiance` ... */
  readonly unit: string;
  /** [] for one number. */
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Camera and head of the fit: camera at the origin, looking down -Z; camera point = rotation * head point + translation. */
export interface FitCamera {
  /** The crop that was fitted, in pixels. */
  readonly width: number;
  readonly height: number;
  /** (fx, fy, cx, cy) in pixels of the crop. */
  readonly intrinsics: readonly [number, number, number, number];
  /** Axis times angle, radians. */
  readonly rotation: readonly [number, number, number];
  /** Millimetres. */
  readonly translation: readonly [number, number, number];
  /** Where the crop lies in the photograph: `Photo` pixels, upright; left, top, width, height. */
  readonly crop: readonly [number, number, number, number];
}

/** The fitted face in the head's frame. */
export interface FitMesh {
  /** [V * 3] millimetres, +Y up, +Z out of the face. */
  readonly positions: Float32Array;
  /** [F * 3], counter-clockwise from outside. */
  readonly triangles: Uint32Array;
  /** [V * 3] unit vectors. */
  readonly normals: Float32Array;
  /** [T * 2], u to the right and v upwards in [0, 1]: (0, 0) is the bottom left of the textures. */
  readonly uvs: Float32Array;
  /** [F * 3] rows of `uvs` at the corners; `triangles` if not given. */
  readonly uvTriangles?: Uint32Array;
}

/** Reflectance over the UV square, row 0 on top (v = 1). Sizes may differ. */
export interface FitTextures {
  /** [H, W, 3] diffuse albedo, linear RGB in [0, 1]. */
  readonly diffuse: HostImage;
  /** [H, W, 3] or [H, W, 1] specular reflectance at normal incidence (F0), linear, in [0, 1]. */
  readonly specular: HostImage;
  /** [H, W, 1] perceptual roughness, alpha = roughness squared (GGX). */
  readonly roughness: HostImage;
}

/** The distant light of the fit, in the camera's frame. */
export interface FitLight {
  /** [bands^2 * 3] real orthonormal SH coefficients of radiance, index l * l + l + m, RGB interleaved. */
  readonly sh: Float32Array;
  /** [H, 2H, 3] lat-long radiance, linear RGB. */
  readonly environment: HostImage;
}

/** Images of the result, in the crop's frame and of its size; those of stages that did not run are missing. */
export interface FitImages {
  /** The crop of the photograph, linear RGB. */
  readonly photo: HostImage;
  /** The reconstruction after the last stage. */
  readonly final: HostImage;
  /** The reconstruction with the model's own textures only. */
  readonly modelOnly?: HostImage;
  /** Final over the photograph where the mask is set. */
  readonly overlay: HostImage;
  /** Irradiance on a white face. */
  readonly shading?: HostImage;
  /** Unit normals in the camera's frame, [-1, 1]; 0 outside of the face. */
  readonly normals?: HostImage;
  /** Diffuse albedo of what each pixel shows. */
  readonly diffuse?: HostImage;
  /** Specular reflectance at normal incidence (F0) of what each pixel shows. */
  readonly specular?: HostImage;
  /** Roughness of what each pixel shows; one channel. */
  readonly roughness?: HostImage;
  /** 1 where the face is and was compared. */
  readonly mask: HostImage;
  /** |final - photo| per pixel in 8-bit sRGB steps, 0 to 255, mean over RGB; 0 outside of the mask. One channel. */
  readonly error: HostImage;
}

/** The fitted face in another light. */
export interface RelitImage {
  /** The light's name, for people. */
  readonly label: string;
  readonly image: HostImage;
  /** Its lat-long environment, small. */
  readonly environment?: HostImage;
}

/** Pre-rendered views of the face turned about the vertical axis. */
export interface Turntable {
  readonly frames: readonly HostImage[];
  /** Angle of each frame, radians; positive turns the face to the viewer's right. */
  readonly angles: readonly number[];
}

/** How good the fit is; comparisons inside the face mask, against the photograph. */
export interface FitMetrics {
  /** Structural similarity of sRGB values, 11 x 11 Gaussian window, in [-1, 1]. */
  readonly ssim: number;
  /** The same before the texture stage. */
  readonly ssimModelOnly: number;
  /** dB, of sRGB values. */
  readonly psnr: number;
  /** Root mean square in 8-bit sRGB steps. */
  readonly photometricRmse8bit: number;
  /** Root mean square distance of projected landmarks, as a fraction of the distance between the outer corners of the eyes. */
  readonly landmarkRms: number;
  /** Intersection over union of the rendered face and the segmented one, in [0, 1]. */
  readonly maskIou: number;
}

/** What one stage did. */
export interface StageRecord {
  readonly stage: FitStage;
  readonly seconds: number;
  readonly steps: number;
  /** Values by step of everything that was lowered or watched; may be empty. */
  readonly curves: readonly LossCurve[];
  /** Set if the stage did not run: why. */
  readonly skipped?: string;
}

/** A value over the steps of a stage. */
export interface LossCurve {
  /** The part of the stage it belongs to, for people, where a stage has several; each has its own steps from 0. */
  readonly phase?: string;
  /** `total`, `photometric`, `landmarks` ... */
  readonly name: string;
  readonly steps: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** Everything that a fit found. */
export interface FitResult {
  readonly camera: FitCamera;
  readonly mesh: FitMesh;
  readonly textures: FitTextures;
  /** [H, W, 3] in [0, 1], tangent space, over the UV square; only what networks find has one. */
  readonly normalMap?: HostImage;
  readonly light: FitLight;
  /** Every fitted number, camera, pose and light included. */
  readonly parameters: readonly FitParameter[];
  readonly images: FitImages;
  readonly relit: readonly RelitImage[];
  readonly turntable?: Turntable;
  readonly metrics: FitMetrics;
  /** One record per stage, in order. */
  readonly stages: readonly StageRecord[];
  /** Wall clock of all runs together, without pauses between them. */
  readonly totalSeconds: number;
  /** As `deviceInfo` names it. */
  readonly adapter: string;
  /** Name and version of the face model. */
  readonly model: string;
  readonly seed: number;
  /** What the user should know, in the order it was found, `Photo.notes` among it. */
  readonly notes: readonly FitNote[];
}
