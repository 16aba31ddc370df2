import { cropAroundLandmarks, cropRules, landmarkMask, type Crop } from '../crop/index.js';
import { ChiaroError, ShapeError, deviceInfo, noGrad, realize, tensor } from '../engine.js';
import type { Parameter } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import { pickPoints } from '../model/surfacePoints.js';
import type { Photo } from '../photo/photo.js';
import { modelTextures, posedFace } from '../scene/posedFace.js';
import type { FaceTextures } from '../scene/posedFace.js';
import type { ShadingOptions } from '../scene/shadingMaps.js';
import { faceTexels } from '../scene/texels.js';
import { estimateAlbedo } from './albedo/estimateAlbedo.js';
import { configFor } from './config.js';
import type { FitConfig } from './config.js';
import { faceContext } from './faceContext.js';
import { faceVariables } from './faceVariables.js';
import type { FaceVariables } from './faceVariables.js';
import { fitModel, ofPhoto } from './modelFit.js';
import type { FittedFace, HeldInputs } from './modelFit.js';
import { landmarkPositions } from './pose/landmarkModel.js';
import type { LandmarkCoefficients, LandmarkModel } from './pose/landmarkModel.js';
import { modelPoints } from './pose/modelPoints.js';
import { yawOf } from './pose/rotation.js';
import { solveLandmarks } from './pose/solveLandmarks.js';
import type { LandmarkFit } from './pose/solveLandmarks.js';
import { viewOf } from './problem.js';
import type { View } from './problem.js';
import { faceImage, faceView } from './result/faceImages.js';
import type { FaceView } from './result/faceImages.js';
import { comparedPixels, finishedFace } from './result/finishedFace.js';
import type { FinishedFace } from './result/finishedFace.js';
import { relitImages, turntable } from './result/views.js';
import { FitRun } from './run.js';
import { increments, personalised, textureAdam, textureStep, textureTerms } from './stages/textureStage.js';
import type { FitOptions, FitResult } from './types.js';

/** One photograph, and where its face is. */
export interface FaceInPhoto {
  readonly photo: Photo;
  /** [68 * 2] landmarks in pixels of the photograph (Multi-PIE order). */
  readonly landmarks: ArrayLike<number>;
  /**
   * Shape and expression that are known already, say from a network: the landmarks' fit begins with them and is drawn to them
   * instead of to the mean face. Fewer identity coefficients than the fit has are followed by zeros.
   */
  readonly start?: {
    /** N(0, 1) */
    readonly identity?: ArrayLike<number>;
    /** [B] in [0, 1] */
    readonly blendshapes?: ArrayLike<number>;
  };
}

/** What `fitFaces` takes: the options of every fit, and the model. */
export interface FitFacesOptions extends Omit<FitOptions, 'model' | 'face'> {
  readonly model: MorphableModel;
}

/**
 * Reconstructs one person's face from several photographs: shape (`identity`), albedo and textures are one for all, while
 * expression, pose and light are each photograph's own. All terms of `fitFace` are there for each photograph and add up, so
 * that what one hides another shows; the priors of what is shared count once. `budgetSeconds` is for all together.
 *
 * @returns a result per photograph, in their order; `stages`, `totalSeconds` and `notes` are of the whole fit.
 * @throws ChiaroError for landmarks that are no face, profiles, and no photographs.
 */
export async function fitFaces(faces: readonly FaceInPhoto[], options: FitFacesOptions): Promise<readonly FitResult[]> {
  const { model, budgetSeconds, seed, config = configFor(budgetSeconds), signal } = options;
  if (faces.length === 0) throw new ChiaroError('fitFaces: there is no photograph; give one or more');
  const run = new FitRun(options);
  for (const { photo } of faces)
    for (const text of photo.notes) run.note(faces.length > 1 ? `${photo.name}: ${text}` : text);
  const posed = await run.stage('pose', 'camera, head and shape from landmarks', () => poseStage(faces, model, config));
  posed.forEach(({ variables }, k) => run.keep(ofPhoto('face', k), { ...variables }));
  const held = await fitModel({ faces: posed, config, run });

  const shading = { spp: config.texture.shadingSpp, seed, lightHeight: config.trace.lightHeight };
  const beforeShading = run.seconds;
  const shown = await run.stage('model', 'shading of every pixel', async () => {
    const all: ShownFace[] = [];
    for (const [k, face] of posed.entries()) all.push(await shownFace(model, face, held[k], config, shading));
    return all;
  });
  const shadingSeconds = run.seconds - beforeShading;
  const { albedo, tint } = posed[0].variables;
  // a checkpoint of the texture stage has it: found twice, it would be another one
  const found = run.isWithin('texture') || run.isDone('texture');
  if (model.albedoCount > 0 && !found)
    await run.stage('model', 'albedo of the model', () => albedoFit(model, albedo, tint, shown, config));
  const base = noGrad(() => modelTextures(model, albedo, tint));
  await realize(base.diffuse, base.specular);

  // the final images are such shadings again, with other numbers of samples
  const reserve = shadingSeconds * Math.max(1, config.render.spp / config.texture.shadingSpp);
  const textures = await textureFit({ model, config, run }, { base, shown, reserve });
  const spp = { ...shading, spp: config.render.spp, seed: seed + 100 };
  const finished = await run.stage('render', 'final image and maps', async () => {
    const all: FinishedFace[] = [];
    for (const [k, { context, variables: values, crop, fit }] of posed.entries()) {
      const { at, face, mask } = shown[k];
      const mesh = noGrad(() => posedFace(model, values));
      const lit = await faceView(model, mesh, values.light, at.camera, held[k].mask, spp);
      const compared = { at, mask, crop, focal: fit.pose.focal };
      all.push(await finishedFace({ context, values, textures, lit, modelOnly: faceImage(face, base), ...compared }));
    }
    return all;
  });
  // a view takes as long as the one before
  const rays = ({ size, spp }: { size: number; spp: number }): number => size ** 2 * spp;
  const { smallSize, smallSpp } = config.render;
  const asShading = rays({ size: smallSize, spp: smallSpp }) / rays({ size: shown[0].at.size, spp: shading.spp });
  let began: number | undefined;
  const next = (label: string): boolean => {
    signal?.throwIfAborted();
    options.onProgress?.({ stage: 'render', detail: label, step: 0, steps: 1, rate: 0 });
    const now = run.seconds;
    const expected = began === undefined ? (shadingSeconds / faces.length) * asShading : now - began;
    began = now;
    if (now + expected < budgetSeconds) return true;
    run.note('the time does not suffice: views under other lights or from other sides are left out');
    return false;
  };
  const extra = await run.stage('render', 'other lights and sides', async () => {
    const all: Pick<FitResult, 'relit' | 'turntable'>[] = [];
    for (const { context, variables, view, crop } of posed) {
      const small = view(Math.min(smallSize, crop.width));
      const viewing = { context, variables, textures, view: small, config: config.render, seed, next };
      const turning = { relit: await relitImages(viewing), turntable: await turntable(viewing) };
      all.push({ relit: turning.relit, ...(turning.turntable && { turntable: turning.turntable }) });
    }
    return all;
  });
  const common = {
    stages: run.stages,
    totalSeconds: run.seconds,
    adapter: (await deviceInfo()).name,
    model: model.data.name,
    seed,
    notes: run.notes,
  };
  return finished.map((face, k) => ({ ...face, ...extra[k], ...common }));
}

interface Posed extends FittedFace {
  readonly fit: LandmarkFit;
  readonly crop: Crop;
}

/** Poses, and the variables of all photographs at the start: shape and albedo are the same cells. */
function poseStage(faces: readonly FaceInPhoto[], model: MorphableModel, config: FitConfig): Posed[] {
  const points = modelPoints(model.data, config.identityModes);
  const solved = faces.map(({ photo, landmarks, start }) => {
    const known = start && { expected: expectedOf(start, points) };
    const fit = solveLandmarks(points, Float64Array.from(landmarks), centreOf(photo), config.pose, known);
    const yaw = Math.abs(yawOf(fit.pose.rotation));
    if (yaw > config.pose.largestYaw) {
      const degrees = Math.round((yaw * 180) / Math.PI);
      throw new ChiaroError(
        `${photo.name}: the head is turned away by ${degrees} degrees, so that one half of the face is hidden; ` +
          `give a photograph that shows both eyes (up to ${Math.round((config.pose.largestYaw * 180) / Math.PI)} degrees)`,
      );
    }
    return fit;
  });
  const fits = solved.length === 1 ? solved : ofOneShape(faces, points, solved, config);
  const count = Math.min(config.identityModes, model.identityCount);
  let shared: FaceVariables | undefined;
  return faces.map(({ photo, landmarks }, k) => {
    const fit = fits[k];
    const crop = cropAroundLandmarks(landmarks, { ...cropRules.fit, margin: config.cropMargin }, { within: photo });
    const source = { image: photo.image, crop, landmarks, focal: fit.pose.focal };
    const views = new Map<number, View>();
    const own = faceVariables(model, count, config.light.bands, fit);
    shared ??= own;
    const { identity, albedo, tint } = shared;
    return {
      fit,
      crop,
      context: faceContext(model, pickPoints(points.places, fit.points)),
      variables: { ...own, identity, albedo, tint },
      view: (size) => {
        const known = views.get(size) ?? viewOf(source, size, config.pose);
        views.set(size, known);
        return known;
      },
    };
  });
}

/** What a start says of the modes that landmarks see. */
function expectedOf(
  { identity = [], blendshapes = [] }: NonNullable<FaceInPhoto['start']>,
  model: LandmarkModel,
): LandmarkCoefficients {
  const count = model.expression.length;
  const finite = [identity, blendshapes].every((list) => Array.from(list).every(Number.isFinite));
  if (!finite || (blendshapes.length !== 0 && blendshapes.length !== count)) {
    throw new ShapeError(
      `fitFace: start needs finite numbers, and ${count} weights of blendshapes or none; ` +
        `got ${identity.length} coefficients of identity and ${blendshapes.length} weights`,
    );
  }
  const limited = (x: number): number => Math.min(1, Math.max(0, x));
  return {
    identity: Float64Array.from(model.identity, (_, k) => identity[k] ?? 0),
    expression: Float64Array.from(model.expression, (_, k) => limited(blendshapes[k] ?? 0)),
  };
}

const centreOf = ({ width, height }: Photo): [number, number] => [width / 2, height / 2];

/** Landmark fits with one shape for all, the mean of what each photograph gave, and poses and expressions to it. */
function ofOneShape(
  faces: readonly FaceInPhoto[],
  points: LandmarkModel,
  fits: readonly LandmarkFit[],
  config: FitConfig,
): LandmarkFit[] {
  const identity = fits[0].identity.map((_, k) => fits.reduce((sum, fit) => sum + fit.identity[k], 0) / fits.length);
  const expression = new Float64Array(points.expression.length);
  const shaped = { ...points, mean: landmarkPositions(points, { identity, expression }), identity: [] };
  return faces.map(({ photo, landmarks }) => ({
    ...solveLandmarks(shaped, Float64Array.from(landmarks), centreOf(photo), config.pose),
    identity,
  }));
}

/** A fitted face as its photograph shows it, lit, without textures. */
interface ShownFace {
  readonly at: View;
  readonly face: FaceView;
  /** [H * W] pixels that are compared. */
  readonly mask: Uint8Array;
}

async function shownFace(
  model: MorphableModel,
  { variables, view, crop }: Posed,
  { mask }: HeldInputs,
  { size }: FitConfig,
  shading: Omit<ShadingOptions, 'guide'>,
): Promise<ShownFace> {
  const at = view(Math.min(size, crop.width));
  const mesh = noGrad(() => posedFace(model, variables));
  const face = await faceView(model, mesh, variables.light, at.camera, mask, shading);
  return { at, face, mask: await comparedPixels(face) };
}

/** Sets the coefficients of the albedo to those that explain the compared pixels of all photographs best. */
async function albedoFit(
  model: MorphableModel,
  albedo: Parameter,
  tint: Parameter,
  shown: readonly ShownFace[],
  { albedo: { weight } }: FitConfig,
): Promise<void> {
  const views = shown.map(({ face, at: { photo }, mask }) => ({
    view: face,
    photo,
    pixels: Int32Array.from(mask.keys()).filter((k) => mask[k] === 1),
  }));
  const start = Float32Array.from(await albedo.data());
  const found = await estimateAlbedo(model, views, start, tint.detach(), weight);
  noGrad(() => albedo.assign(tensor(found)));
}

/** Pixels that textures are fitted to: the compared ones, and eyes and mouth, which lie between them. */
async function texturedPixels(face: FaceView, { landmarks, size }: View, mask: Uint8Array): Promise<Int32Array> {
  const covered = await face.coverage.data();
  const outline = landmarkMask(landmarks, size);
  const between = (k: number): boolean => covered[k] > 0.999 && outline[k] === 1;
  return Int32Array.from(mask.keys()).filter((k) => mask[k] === 1 || between(k));
}

/** The texture stage: increments per texel under held shading. `reserve` seconds are for the work after it. */
async function textureFit(
  { model, config, run }: { readonly model: MorphableModel; readonly config: FitConfig; readonly run: FitRun },
  {
    base,
    shown,
    reserve,
  }: { readonly base: FaceTextures; readonly shown: readonly ShownFace[]; readonly reserve: number },
): Promise<FaceTextures> {
  const { texture } = config;
  const cells = increments(texture.size);
  run.keep('increment', { ...cells });
  const adam = textureAdam(cells, texture);
  const views = await Promise.all(
    shown.map(async ({ face, at, mask }) => ({
      surface: face.surface,
      maps: face.maps,
      photo: at.photo,
      pixels: await texturedPixels(face, at, mask),
    })),
  );
  const texels = faceTexels(model.data, texture.size);
  const step = textureStep({ base, texels, views }, cells, adam, texture);
  const relax = texture.consistencyEnd / texture.consistencyStart;
  await run.optimise({
    name: 'texture',
    stage: 'texture',
    detail: `${texture.size} x ${texture.size} texels`,
    steps: texture.steps,
    share: texture.share,
    reserve,
    adam,
    terms: textureTerms,
    step: (progress) => step(texture.consistencyStart * relax ** progress),
  });
  const textures = noGrad(() => personalised(base, cells));
  await realize(textures.diffuse, textures.specular);
  return textures;
}
