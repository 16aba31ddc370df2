import {
  compile,
  concat,
  environment,
  full,
  Generator,
  ggx,
  irradianceSH,
  pathTrace,
  pinhole,
  projectEnvironment,
  rotateSH,
  rotationOf,
  tensor,
  vertexNormals,
  zeros,
} from '../engine.js';
import type { Tensor } from '../engine.js';
import { rotationOfAxisAngle } from '../fit/pose/rotation.js';
import { albedoOf } from '../model/albedo.js';
import type { AlbedoMaps } from '../model/albedo.js';
import type { MorphableModel } from '../model/index.js';
import { vertexAlbedoMaps } from '../model/textureTransfer.js';
import { coverage, interpolateImage, surfaceImage } from '../scene/surfaceImage.js';
import type { SurfaceImage } from '../scene/surfaceImage.js';
import { extraInputs, sceneTopology } from './extras.js';
import type { FaceScene } from './faceScene.js';
import { transpose3 } from '../fit/pose/rotation.js';
import { turned } from './frames.js';
import { leaning, reliefInputs } from './relief.js';
import { ballEmitter, ballIrradiance, domePositions, lightMap } from './sceneLight.js';
import type { LightMaps } from './sceneLight.js';
import { styled, styleInputs } from './textureStyle.js';

/** What a renderer is compiled for. */
export interface RenderOptions {
  /** Samples per pixel of the path tracer; 0 leaves it out. */
  readonly spp: number;
  /** Segments of its paths. */
  readonly depth: number;
}

/** A rendered scene on the GPU; `SyntheticFace` says what the maps are. */
export interface RenderedScene {
  /**
   * The path traced image [S, S, 3], and [S, S] the share of its samples that met something; missing without samples.
   */
  readonly traced?: { readonly image: Tensor; readonly coverage: Tensor };
  readonly local: Tensor;
  /** [S, S] */
  readonly localCoverage: Tensor;
  /** [S, S, 8] albedo, normal (not of length 1), depth, face mask. */
  readonly surface: Tensor;
  readonly uv: Tensor;
  /** [S, S] see `scenePart`. */
  readonly parts: Tensor;
  readonly light: Tensor;
}

/** Renders scenes of one structure (size, options, numbers of things) by one compiled step. */
export type SceneRenderer = (scene: FaceScene, maps: LightMaps | undefined) => RenderedScene;

/** Rays per pixel and side for local illumination; odd, so that one goes through the pixel's middle. */
const side = 3;

/** The rays through the middles of pixels alone. */
function middleOf(image: SurfaceImage): SurfaceImage {
  const middle = (side * side - 1) / 2;
  const pixels = image.height * image.width;
  const pick = (t: Tensor): Tensor => {
    const rest = t.shape.slice(1);
    return t.reshape([pixels, side * side, ...rest]).select(1, middle);
  };
  const [hit, triangles, barycentrics, uv] = [image.hit, image.triangles, image.barycentrics, image.uv].map(pick);
  return { height: image.height, width: image.width, samples: 1, hit, triangles, barycentrics, uv };
}

/** Named tensors in a fixed order, as compiled functions take them. */
type Inputs = Readonly<Record<string, Tensor>>;

const vector = (values: readonly number[]): Tensor => tensor(Float32Array.from(values), [values.length]);

/** What a scene is, as tensors in the head's frame. */
function inputsOf(model: MorphableModel, scene: FaceScene, maps: LightMaps | undefined): Inputs {
  const { size, focal, near = [], lens, style, relief } = scene;
  const rotation = rotationOfAxisAngle(scene.rotation);
  const back = transpose3(rotation);
  const inHead = (p: readonly number[]): [number, number, number] =>
    turned(
      back,
      p.map((x, k) => x - scene.translation[k]),
    );
  const inputs: Record<string, Tensor> = {
    identity: vector(scene.identity),
    blendshapes: vector(scene.blendshapes),
    ...(model.albedoCount > 0 && { albedo: vector(scene.albedo) }),
    tint: vector(scene.tint),
    rotation: tensor(Float32Array.from(rotation), [3, 3]),
    translation: vector(scene.translation),
    eye: vector(inHead([0, 0, 0])),
    intrinsics: vector([focal, focal, size / 2, size / 2]),
    map: lightMap(scene, rotation, maps),
    ...(style && styleInputs(model, style)),
    ...(relief && reliefInputs(model, relief)),
    ...(lens && { distortion: vector(lens.distortion) }),
    ...extraInputs(model, scene),
  };
  near.forEach(({ radiance, balls }, k) => {
    const inHeadFrame = balls.map(({ position, radius }) => ({ position: inHead(position), radius }));
    inputs[`balls${k}`] = tensor(Float32Array.from(inHeadFrame.flatMap(({ position }) => position)), [balls.length, 3]);
    inputs[`domes${k}`] = domePositions(inHeadFrame);
    inputs[`radii${k}`] = vector(balls.map(({ radius }) => radius));
    inputs[`radiance${k}`] = vector(radiance);
  });
  return inputs;
}

/** What tells the structures of two scenes apart. */
export const structureOf = ({ size, near = [], occluders, hair, style, lens, relief }: FaceScene): string =>
  JSON.stringify([
    size,
    near.map(({ balls }) => balls.length),
    ...[occluders, hair, style, lens, relief].map((x) => x !== undefined),
  ]);

/**
 * A renderer for scenes of the structure of this one. The scene is rendered in the head's frame, where the tree over
 * the model's triangles fits faces of any pose; what comes out is in the camera's.
 */
export async function sceneRenderer(
  model: MorphableModel,
  like: FaceScene,
  { spp, depth }: RenderOptions,
): Promise<SceneRenderer> {
  const { size } = like;
  const maps = await albedoMapsOf(model);
  const whole = sceneTopology(model, like);
  const emitters = (like.near ?? []).map(({ balls }, k) => ballEmitter(balls.length, k));
  const generator = new Generator(like.seed);
  const headTopology = model.mesh().topology;
  const V = model.vertexCount;

  const render = ({ rotation, translation, eye, intrinsics, map, ...given }: Inputs): Tensor[] => {
    const head = model.geometry({ identity: given['identity'], blendshapes: given['blendshapes'] });
    const smooth = vertexNormals(head, headTopology);
    const headNormals = like.relief ? leaning(smooth, given['reliefLean']) : smooth;
    const albedo = given['albedo'];
    const texture = albedoOf(maps, { ...(albedo && { albedo }), tint: given['tint'] });
    /** Values of the head's vertices and, below them, of the others'. */
    const all = (ofHead: Tensor, others: string): Tensor =>
      whole.hasExtras ? concat([ofHead, given[others]]) : ofHead;
    const positions = all(head, 'extraPositions');
    const normals = all(headNormals, 'extraNormals');
    const plain = texture.diffuse.squeeze(1);
    const painted = like.style ? styled(plain, given) : plain;
    const diffuse = all(like.relief ? painted.mul(given['reliefTone']) : painted, 'extraDiffuse');
    const extraSpecular = whole.hasExtras ? given['extraSpecular'].expand([positions.shape[0] - V, 3]) : undefined;
    const specular = extraSpecular ? concat([texture.specular.squeeze(1), extraSpecular]) : texture.specular.squeeze(1);
    const roughness = all(full([V, 1], model.roughness), 'extraRoughness');
    const faceMask = whole.hasExtras ? concat([model.faceMask, zeros([positions.shape[0] - V])]) : model.faceMask;
    const mesh = { ...whole.mesh, positions, normals };
    const camera = pinhole({
      ...{ width: size, height: size, near: 50, far: 5000 },
      ...{ intrinsics, rotation: rotationOf(rotation.transpose()), position: eye, distortion: given['distortion'] },
    });
    const near = emitters.map((emitter, k) => {
      const [balls, radii, radiance] = [given[`balls${k}`], given[`radii${k}`], given[`radiance${k}`]];
      return {
        emitter: emitter(given[`domes${k}`], radiance),
        irradiance: ballIrradiance(positions, normals, { positions: balls, radii, radiance }),
      };
    });
    const light = projectEnvironment(map);
    const irradiance = near.reduce((sum, one) => sum.add(one.irradiance), irradianceSH(normals, light));

    const fine = surfaceImage(mesh, camera, side);
    const middle = middleOf(fine);
    const local = interpolateImage(fine, diffuse.mul(irradiance).div(Math.PI), mesh.triangles);
    const inCamera = rotationOf(rotation);
    const depths = inCamera.apply(positions).add(translation).narrow(1, 2, 1).neg();
    const table = concat([diffuse, inCamera.apply(normals), depths, faceMask.unsqueeze(1)], 1);
    const traced =
      spp > 0 &&
      pathTrace(
        {
          shapes: [{ mesh, bsdf: ggx({ diffuse, specular, roughness }) }],
          emitters: [environment(map, { background: false }), ...near.map(({ emitter }) => emitter)],
        },
        camera,
        // few samples, and a choice among lights at each: what spreads in two dimensions at a time leaves that to chance
        { spp, depth, generator, sampler: 'sobol' },
      );
    const covered = coverage(fine);
    return [
      local.mul(covered.unsqueeze(2)),
      covered,
      interpolateImage(middle, table, mesh.triangles),
      middle.uv.mul(middle.hit.unsqueeze(1)),
      whole.parts.indexSelect(0, middle.triangles).mul(middle.hit).reshape([size, size]),
      rotateSH(light, rotation),
      ...(traced ? [traced.image, traced.mask] : []),
    ];
  };

  let names: readonly string[] = [];
  const step = compile((...values: Tensor[]) => render(Object.fromEntries(values.map((v, k) => [names[k], v]))));
  return (scene, lightMaps) => {
    const inputs = inputsOf(model, scene, lightMaps);
    names = Object.keys(inputs);
    // the path tracer's numbers depend on the scene alone
    generator.state = { seed: scene.seed, counter: 0 };
    const results = step(...Object.values(inputs));
    const [local, localCoverage, surface, uv, parts, light, traced, tracedCoverage] = results;
    return {
      ...{ local, localCoverage, surface, uv, parts, light },
      ...(spp > 0 && { traced: { image: traced, coverage: tracedCoverage } }),
    };
  };
}

const albedoMaps = new WeakMap<MorphableModel, Promise<AlbedoMaps>>();
function albedoMapsOf(model: MorphableModel): Promise<AlbedoMaps> {
  let maps = albedoMaps.get(model);
  if (!maps) albedoMaps.set(model, (maps = vertexAlbedoMaps(model)));
  return maps;
}
