import { ShapeError } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import { sceneRenderer, structureOf } from './faceRenderer.js';
import type { RenderedScene, SceneRenderer } from './faceRenderer.js';
import type { FaceScene } from './faceScene.js';
import { landmarkPixels } from './landmarkPixels.js';
import type { LightMaps } from './sceneLight.js';
import { scenePart } from './sceneParts.js';

/**
 * A face by local illumination and what is true about it. Images are row-major, linear RGB; 0 where nothing is.
 * Before an occluder or hair, albedo, normals and depth are theirs, and texture coordinates 0.
 */
export interface LocalFace {
  readonly scene: FaceScene;
  /**
   * [S, S, 3] I_l: Lambert shading by the light's spherical harmonics up to band 8 at the vertices, no shadows; black
   * behind.
   */
  readonly local: Float32Array;
  /** [S, S, 3] diffuse albedo at the pixels' middles. */
  readonly albedo: Float32Array;
  /** [S, S, 3] unit normals in the camera's frame. */
  readonly normals: Float32Array;
  /** [S, S] mm along the camera's axis. */
  readonly depth: Float32Array;
  /** [S, S, 2] texture coordinates. */
  readonly uv: Float32Array;
  /** [S, S] what the middle of the pixel shows: 0 nothing, 1 the head, 2 an occluder, 3 hair (`scenePart`). */
  readonly parts: Float32Array;
  /** [S, S] share of the pixel's rays that meet something: the rest of it shows the background. */
  readonly coverage: Float32Array;
  /** [S, S] 1 where the middle of the pixel shows the head. */
  readonly mask: Float32Array;
  /** [S, S] the model's face mask there: 1 on the face proper. */
  readonly faceMask: Float32Array;
  /** [68 * 2] landmarks in pixels, on the surface, seen or not. */
  readonly landmarks: Float32Array;
  /** [81 * 3] the light's spherical harmonics. */
  readonly light: Float32Array;
}

/** The same with the path traced picture. */
export interface SyntheticFace extends LocalFace {
  /** [S, S, 3] I_g: path traced, with shadows, highlights and light between surfaces. */
  readonly traced: Float32Array;
  /** [S, S, 3] R = I_g - I_l: what local illumination lacks, and the tracer's noise. */
  readonly residual: Float32Array;
}

/** How finely a face is rendered. */
export interface SynthesizeOptions {
  /** Samples per pixel of the path tracer (default 64). */
  readonly spp?: number;
  /**
   * Segments of its paths: 2 is direct light with its shadows, 3 adds light that two surfaces reflected (default 4).
   */
  readonly depth?: number;
  /** Maps of light by the names that scenes call them. */
  readonly maps?: LightMaps;
}

const renderers = new WeakMap<MorphableModel, Map<string, Promise<SceneRenderer>>>();

/** The compiled renderer of scenes like this one; made at the first of them. */
export function rendererOf(
  model: MorphableModel,
  scene: FaceScene,
  { spp = 64, depth = 4 }: SynthesizeOptions,
): Promise<SceneRenderer> {
  let ofModel = renderers.get(model);
  if (!ofModel) renderers.set(model, (ofModel = new Map<string, Promise<SceneRenderer>>()));
  const key = `${structureOf(scene)} ${spp} ${depth}`;
  let renderer = ofModel.get(key);
  if (!renderer) ofModel.set(key, (renderer = sceneRenderer(model, scene, { spp, depth })));
  return renderer;
}

/**
 * Renders a scene locally and by path tracing, with exact ground truth. The same scene gives the same numbers. Depth,
 * normals, texture coordinates and albedo are those of the point that the middle of a pixel shows; pictures are means
 * over pixels. Scenes of one structure share a compiled step, so that all but the first take little more than their
 * rays.
 * @throws ShapeError for samples or a depth that the path tracer refuses, or a map that is not among `maps`.
 *
 * @example
 * const face = await synthesize(model, await drawFaceScene(model, 7, { size: 128 }), { spp: 64 });
 */
export async function synthesize(
  model: MorphableModel,
  scene: FaceScene,
  options: SynthesizeOptions = {},
): Promise<SyntheticFace> {
  const rendered = (await rendererOf(model, scene, options))(scene, options.maps);
  const { image, coverage: covered } = tracedOf(rendered);
  const [face, traced, coverage] = await Promise.all([readLocal(model, scene, rendered), read(image), read(covered)]);
  return { ...face, coverage, traced, residual: traced.map((x, k) => x - face.local[k]) };
}

/** The same without the path tracer: local illumination and ground truth. */
export async function synthesizeLocal(
  model: MorphableModel,
  scene: FaceScene,
  { maps }: Pick<SynthesizeOptions, 'maps'> = {},
): Promise<LocalFace> {
  return readLocal(model, scene, (await rendererOf(model, scene, { spp: 0, depth: 2 }))(scene, maps));
}

/** The path traced part. @throws ShapeError where a scene was rendered without samples. */
export function tracedOf({ traced }: RenderedScene): NonNullable<RenderedScene['traced']> {
  if (traced) return traced;
  throw new ShapeError('synthesize: needs at least one sample per pixel; synthesizeLocal goes without');
}

const read = async (t: Tensor): Promise<Float32Array> => Float32Array.from(await t.data());

async function readLocal(model: MorphableModel, scene: FaceScene, rendered: RenderedScene): Promise<LocalFace> {
  const { local, localCoverage, surface, uv, parts, light } = rendered;
  const [localData, coverage, table, uvData, partData, lightData] = await Promise.all(
    [local, localCoverage, surface, uv, parts, light].map(read),
  );
  const pixels = scene.size ** 2;
  const channels = (first: number, count: number): Float32Array => {
    const values = new Float32Array(pixels * count);
    for (let k = 0; k < pixels; k++) for (let c = 0; c < count; c++) values[count * k + c] = table[8 * k + first + c];
    return values;
  };
  const normals = channels(3, 3);
  for (let k = 0; k < normals.length; k += 3) {
    const length = Math.hypot(normals[k], normals[k + 1], normals[k + 2]);
    if (length > 0) for (let c = 0; c < 3; c++) normals[k + c] /= length;
  }
  return {
    scene,
    local: localData,
    albedo: channels(0, 3),
    normals,
    depth: channels(6, 1),
    uv: uvData,
    ...{ parts: partData, coverage },
    mask: partData.map((part) => Number(part === scenePart.head)),
    faceMask: channels(7, 1),
    landmarks: landmarkPixels(model, scene),
    light: lightData,
  };
}
