import { ChiaroError, deviceInfo, environmentOfSH, noGrad, realize, tensor, vertexNormals } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import { pickPoints, valuesAtPoints } from '../model/surfacePoints.js';
import type { Photo } from '../photo/photo.js';
import { modelTextures, posedFace } from '../scene/posedFace.js';
import type { FaceTextures } from '../scene/posedFace.js';
import { faceTexels } from '../scene/texels.js';
import { textureImage } from '../scene/surfaceImage.js';
import { estimateAlbedo } from './albedo/estimateAlbedo.js';
import { configFor } from './config.js';
import type { FitConfig } from './config.js';
import { faceCrop } from './crop.js';
import type { Crop } from './crop.js';
import { faceContext } from './faceContext.js';
import type { FaceContext } from './faceContext.js';
import { faceVariables } from './faceVariables.js';
import type { FaceVariables } from './faceVariables.js';
import { imageMetrics, outlineContains, outlineIou } from './metrics.js';
import { fitModel } from './modelFit.js';
import { modelPoints } from './pose/modelPoints.js';
import { yawOf } from './pose/rotation.js';
import { landmarkRms, solveLandmarks } from './pose/solveLandmarks.js';
import type { LandmarkFit } from './pose/solveLandmarks.js';
import { viewOf } from './problem.js';
import type { View } from './problem.js';
import { faceImage, faceView } from './result/faceImages.js';
import type { FaceView } from './result/faceImages.js';
import { errorImage, hostImage, over } from './result/hostImages.js';
import { fitParameters } from './result/parameters.js';
import { relitImages, turntable } from './result/views.js';
import { FitRun } from './run.js';
import { increments, personalised, textureAdam, textureStep, textureTerms } from './stages/textureStage.js';
import type { FitCamera, FitImages, FitMesh, FitOptions, FitResult, HostImage } from './types.js';

/** What `fitFace` takes: the options of every fit, the model, and what may be given instead of being found. */
export interface FitFaceOptions extends Omit<FitOptions, 'model'> {
  readonly model: MorphableModel;
  /** [68 * 2] landmarks in pixels of the photograph (Multi-PIE order). */
  readonly landmarks: ArrayLike<number>;
}

/**
 * Reconstructs a face from one photograph by analysis by synthesis with a differentiable path tracer: pose and coarse
 * shape from landmarks, coefficients and light from the picture, then reflectance per texel. See
 * docs/guides/fitting-a-face.md. Equal inputs and seed give equal results on one adapter, as long as the seconds suffice
 * for the whole schedule; if they do not, steps are left out and a note says so.
 *
 * @throws ChiaroError for landmarks that are no face, and for profiles.
 */
export async function fitFace(photo: Photo, options: FitFaceOptions): Promise<FitResult> {
  const { model, budgetSeconds, seed, config = configFor(budgetSeconds) } = options;
  const run = new FitRun(options);
  for (const text of photo.notes) run.note(text);
  const landmarks = Float64Array.from(options.landmarks);
  const { fit, crop, context, variables } = await run.stage('pose', 'camera, head and shape from landmarks', () =>
    poseStage(photo, model, landmarks, config),
  );
  const source = { image: photo.image, crop, landmarks, focal: fit.pose.focal };
  const views = new Map<number, View>();
  const view = (size: number): View => {
    const known = views.get(size) ?? viewOf(source, size, config.pose);
    views.set(size, known);
    return known;
  };
  run.keep('face', { ...variables });
  const held = await fitModel({ context, variables, config, run, view });

  const at = view(Math.min(config.size, crop.width));
  const shading = { spp: config.texture.shadingSpp, seed, lightHeight: config.trace.lightHeight };
  const mesh = noGrad(() => posedFace(model, variables));
  const beforeShading = run.seconds;
  const face = await run.stage('model', 'shading of every pixel', () =>
    faceView(model, mesh, variables.light, at.camera, held.mask, shading),
  );
  const shadingSeconds = run.seconds - beforeShading;
  const mask = await comparedPixels(face);
  if (model.albedoCount > 0)
    await run.stage('model', 'albedo of the model', () => albedoFit(model, variables, face, at, mask, config));
  const base = noGrad(() => modelTextures(model, variables.albedo, variables.tint));
  await realize(base.diffuse, base.specular);
  const modelOnly = faceImage(face, base);
  const modelMetrics = await imageMetrics(modelOnly, at.photo, mask);

  // the final image is such a shading again, with other numbers of samples
  const reserve = shadingSeconds * Math.max(1, config.render.spp / config.texture.shadingSpp);
  const textures = await textureFit({ context, config, run }, { base, face, at, mask, reserve });
  const finished = await run.stage('render', 'final image and maps', async () => {
    const spp = { ...shading, spp: config.render.spp, seed: seed + 100 };
    const lit = await faceView(model, mesh, variables.light, at.camera, held.mask, spp);
    const final = faceImage(lit, textures);
    return {
      metrics: await imageMetrics(final, at.photo, mask),
      images: await resultImages({ face: lit, textures, final, modelOnly, at, mask, roughness: model.roughness }),
      outline: await outlineMetrics(context, variables, at, lit),
      mesh: await fittedMesh(model, variables),
      textures: {
        diffuse: await hostImage(textures.diffuse),
        specular: await hostImage(textures.specular),
        roughness: { width: 1, height: 1, channels: 1, data: Float32Array.of(model.roughness) } as const,
      },
      camera: await fittedCamera(variables, at, crop),
      light: {
        sh: Float32Array.from(await variables.light.data()),
        environment: await hostImage(environmentOfSH(variables.light, { height: 64 })),
      },
      parameters: await fitParameters(variables, fit.pose.focal, model.albedoCount),
    };
  });
  const small = view(Math.min(config.render.smallSize, crop.width));
  // a view takes as long as the one before
  const rays = ({ size, spp }: { size: number; spp: number }): number => size ** 2 * spp;
  const asShading = rays({ size: small.size, spp: config.render.smallSpp }) / rays({ size: at.size, spp: shading.spp });
  let began: number | undefined;
  const next = (label: string): boolean => {
    options.signal?.throwIfAborted();
    options.onProgress?.({ stage: 'render', detail: label, step: 0, steps: 1, rate: 0 });
    const now = run.seconds;
    const expected = began === undefined ? shadingSeconds * asShading : now - began;
    began = now;
    if (now + expected < budgetSeconds) return true;
    run.note('the time does not suffice: views under other lights or from other sides are left out');
    return false;
  };
  const viewing = { context, variables, textures, view: small, config: config.render, seed, next };
  const extra = await run.stage('render', 'other lights and sides', async () => ({
    relit: await relitImages(viewing),
    turntable: await turntable(viewing),
  }));
  const { outline } = finished;
  return {
    camera: finished.camera,
    mesh: finished.mesh,
    textures: finished.textures,
    light: finished.light,
    parameters: finished.parameters,
    images: finished.images,
    relit: extra.relit,
    ...(extra.turntable && { turntable: extra.turntable }),
    metrics: { ...finished.metrics, ssimModelOnly: modelMetrics.ssim, landmarkRms: outline.rms, maskIou: outline.iou },
    stages: run.stages,
    totalSeconds: run.seconds,
    adapter: (await deviceInfo()).name,
    model: model.data.name,
    seed,
    notes: run.notes,
  };
}

const triple = (x: ArrayLike<number>): [number, number, number] => [x[0], x[1], x[2]];

interface Posed {
  readonly fit: LandmarkFit;
  readonly crop: Crop;
  readonly context: FaceContext;
  readonly variables: FaceVariables;
}

function poseStage(photo: Photo, model: MorphableModel, landmarks: Float64Array, config: FitConfig): Posed {
  const points = modelPoints(model.data, config.identityModes);
  const fit = solveLandmarks(points, landmarks, [photo.width / 2, photo.height / 2], config.pose);
  const yaw = Math.abs(yawOf(fit.pose.rotation));
  if (yaw > config.pose.largestYaw) {
    const degrees = Math.round((yaw * 180) / Math.PI);
    throw new ChiaroError(
      `${photo.name}: the head is turned away by ${degrees} degrees, so that one half of the face is hidden; ` +
        `give a photograph that shows both eyes (up to ${Math.round((config.pose.largestYaw * 180) / Math.PI)} degrees)`,
    );
  }
  return {
    fit,
    crop: faceCrop(landmarks, photo, config.cropMargin),
    context: faceContext(model, pickPoints(points.places, fit.points)),
    variables: faceVariables(model, Math.min(config.identityModes, model.identityCount), config.light.bands, fit),
  };
}

/** [H * W] pixels that are compared: wholly covered, and of the face by more than half. */
async function comparedPixels(face: FaceView): Promise<Uint8Array> {
  const [inside, covered] = await Promise.all([face.face.data(), face.coverage.data()]);
  return Uint8Array.from(inside, (m, k) => Number(m > 0.5 && covered[k] > 0.999));
}

/** Sets the coefficients of the albedo to those that explain the compared pixels best. */
async function albedoFit(
  model: MorphableModel,
  { albedo, tint }: FaceVariables,
  face: FaceView,
  { photo }: View,
  mask: Uint8Array,
  { albedo: { weight } }: FitConfig,
): Promise<void> {
  const pixels = Int32Array.from(mask.keys()).filter((k) => mask[k] === 1);
  const start = Float32Array.from(await albedo.data());
  const found = await estimateAlbedo(model, face, photo, pixels, start, tint.detach(), weight);
  noGrad(() => albedo.assign(tensor(found)));
}

/** Pixels that textures are fitted to: the compared ones, and eyes and mouth, which lie between them. */
async function texturedPixels(face: FaceView, { landmarks, size }: View, mask: Uint8Array): Promise<Int32Array> {
  const covered = await face.coverage.data();
  const contains = outlineContains(landmarks);
  const between = (k: number): boolean => covered[k] > 0.999 && contains((k % size) + 0.5, Math.floor(k / size) + 0.5);
  return Int32Array.from(mask.keys()).filter((k) => mask[k] === 1 || between(k));
}

interface TextureInputs {
  readonly base: FaceTextures;
  readonly face: FaceView;
  readonly at: View;
  readonly mask: Uint8Array;
  /** Seconds for the work after it. */
  readonly reserve: number;
}

/** The texture stage: increments per texel under held shading. */
async function textureFit(
  fit: { context: FaceContext; config: FitConfig; run: FitRun },
  { base, face, at, mask, reserve }: TextureInputs,
): Promise<FaceTextures> {
  const { context, config, run } = fit;
  const { texture } = config;
  const cells = increments(texture.size);
  run.keep('increment', { ...cells });
  const adam = textureAdam(cells, texture);
  const pixels = await texturedPixels(face, at, mask);
  const texels = faceTexels(context.model.data, texture.size);
  const problem = { base, texels, surface: face.surface, maps: face.maps, photo: at.photo, pixels };
  const step = textureStep(problem, cells, adam, texture);
  const relax = texture.consistencyEnd / texture.consistencyStart;
  await run.optimise({
    name: 'texture',
    stage: 'texture',
    detail: `${texture.size} x ${texture.size} texels`,
    steps: texture.steps,
    share: texture.share,
    reserve,
    adam,
    cells: { ...cells },
    terms: textureTerms,
    step: (progress) => step(texture.consistencyStart * relax ** progress),
  });
  const textures = noGrad(() => personalised(base, cells));
  await realize(textures.diffuse, textures.specular);
  return textures;
}

interface ImageInputs {
  readonly face: FaceView;
  readonly textures: FaceTextures;
  readonly final: Tensor;
  readonly modelOnly: Tensor;
  readonly at: View;
  readonly mask: Uint8Array;
  readonly roughness: number;
}

async function resultImages({
  face,
  textures,
  final,
  modelOnly,
  at,
  mask,
  roughness,
}: ImageInputs): Promise<FitImages> {
  const inside = tensor(Float32Array.from(mask), [at.size, at.size]);
  const on = (image: Tensor): Tensor => image.mul(face.coverage.unsqueeze(2));
  const images: Record<string, Tensor> = noGrad(() => ({
    final,
    modelOnly,
    overlay: over(final, at.photo, inside),
    shading: on(face.maps.shading),
    normals: on(face.normals),
    diffuse: on(textureImage(face.surface, textures.diffuse)),
    specular: on(textureImage(face.surface, textures.specular)),
    roughness: face.coverage.mul(roughness),
    mask: inside,
    error: errorImage(final, at.photo, inside),
  }));
  const entries = await Promise.all(
    Object.entries(images).map(async ([name, image]): Promise<[string, HostImage]> => [name, await hostImage(image)]),
  );
  return { photo: at.image, ...Object.fromEntries(entries) } as unknown as FitImages;
}

/** Landmarks and outline of the fitted face against the detected ones. */
async function outlineMetrics(
  { model, landmarks }: FaceContext,
  v: FaceVariables,
  { camera, size, landmarks: detected }: View,
  face: FaceView,
): Promise<{ rms: number; iou: number }> {
  const projected = Float64Array.from(
    await noGrad(() =>
      camera.toPixels(valuesAtPoints(posedFace(model, v).positions, landmarks)).slice(null, [0, 2]),
    ).data(),
  );
  const eyes = Math.hypot(detected[72] - detected[90], detected[73] - detected[91]);
  const covered = Uint8Array.from(await face.coverage.data(), (c) => Number(c > 0.5));
  return {
    rms: landmarkRms(projected, detected) / eyes,
    iou: outlineIou(detected, projected, covered, size, size),
  };
}

async function fittedCamera(
  { rotation, translation }: FaceVariables,
  { size, intrinsics }: View,
  { left, top, width, height }: Crop,
): Promise<FitCamera> {
  return {
    width: size,
    height: size,
    intrinsics,
    rotation: triple(await rotation.data()),
    translation: triple(await translation.data()),
    crop: [left, top, width, height],
  };
}

async function fittedMesh(model: MorphableModel, v: FaceVariables): Promise<FitMesh> {
  const mesh = noGrad(() => model.mesh(model.geometry({ identity: v.identity, blendshapes: v.blendshapes })));
  const [positions, normals] = await Promise.all([
    mesh.positions.data(),
    noGrad(() => vertexNormals(mesh.positions, mesh.topology)).data(),
  ]);
  const { triangles, uvs, uvTriangles } = model.data;
  return { positions: Float32Array.from(positions), normals: Float32Array.from(normals), triangles, uvs, uvTriangles };
}
