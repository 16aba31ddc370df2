import { tensor, type Tensor } from '@chiaro/autograd';
import {
  drawFaceScene,
  faceBsdf,
  modelTextures,
  posedFace,
  verticesOfTexture,
  type FaceScene,
  type HostImage,
  type MorphableModel,
} from '@chiaro/faces';
import { openDataset, writeDataset } from '@chiaro/faces/node';
import {
  axisAngle,
  environment,
  pathTrace,
  pinhole,
  projectEnvironment,
  srgbOfLinear,
  texelDirections,
} from '@chiaro/render';
import { eulerAngles } from '../model/landmarks.js';
import type { MultilinearModel } from '../model/multilinearModel.js';
import { part } from '../model/parameters.js';
import { cropPhoto, type FaceCrop } from '../photo.js';
import { normal, numbers } from './numbers.js';

/** A photograph of the held-out world and what is true of it. */
export interface WorldFace extends FaceCrop {
  /** [V * 3] the face in the head's frame, with its expression, mm. */
  readonly positions: Float32Array;
  /** [m] the parameters of the paper's model that come closest. */
  readonly theta: Float32Array;
}

/** What is photographed. */
export interface WorldPlan {
  readonly count: number;
  /** Seed of the first face: identities and lights of two plans differ where their seeds do. */
  readonly seed: number;
  /** Samples per pixel, pixels of a side of the photograph and of the crop. */
  readonly spp: number;
  readonly photo: number;
  readonly size: number;
}

/** Rows of the map of light. */
const lightRows = 32;

/** Radiance [H, 2H, 3]: lamps of warm and cold colours over a coloured ambience that is brighter above. */
function colouredLight({ lamps, ambient }: FaceScene, random: () => number): Tensor {
  const size = { height: lightRows, width: 2 * lightRows };
  const directions = texelDirections(size);
  const tint = (strength: number): number[] => {
    const warmth = strength * (2 * random() - 1);
    return [1 + warmth, 1 + 0.15 * strength * (2 * random() - 1), 1 - warmth];
  };
  const tints = lamps.map(() => tint(0.35));
  const sky = tint(0.25);
  const data = new Float32Array(3 * size.height * size.width);
  for (let t = 0; t < data.length; t += 3) {
    for (let c = 0; c < 3; c++) data[t + c] = ambient[c] * sky[c] * (1 + 0.5 * directions[t + 1]);
    lamps.forEach(({ direction: d, irradiance, sharpness }, k) => {
      const cosine = directions[t] * d[0] + directions[t + 1] * d[1] + directions[t + 2] * d[2];
      const value = (Math.exp(sharpness * (cosine - 1)) * sharpness) / (2 * Math.PI);
      for (let c = 0; c < 3; c++) data[t + c] += irradiance[1] * tints[k][c] * value;
    });
  }
  return tensor(data, [size.height, size.width, 3]);
}

/** sRGB of a camera: exposure, a filmic shoulder, noise of light and of reading, 8 bits. */
function developed(linear: ArrayLike<number>, random: () => number): Float32Array {
  const shoulder = 0.15 + 0.25 * random();
  const noise = 0.01 * random();
  return Float32Array.from(linear, (x) => {
    const noisy = Math.max(0, x + noise * Math.sqrt(Math.max(0, x)) * normal(random) + 0.3 * noise * normal(random));
    const tone = (noisy * (1 + shoulder)) / (1 + shoulder * noisy);
    return Math.round(255 * Math.min(1, srgbOfLinear(Math.min(1, tone)))) / 255;
  });
}

/** Coefficients of displacements [V * 3] on orthogonal modes, in standard deviations. */
function coefficients(
  displacement: ArrayLike<number>,
  { vectors, sigma }: { vectors: Float32Array; sigma: Float32Array },
): Float32Array {
  const size = displacement.length;
  return sigma.map((s, k) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += displacement[i] * vectors[k * size + i];
    return sum / s ** 2;
  });
}

/** A whole photograph of the world, and what is true of it. */
export interface WorldPhotograph {
  /** sRGB in [0, 1]. */
  readonly picture: HostImage;
  /** [68 * 2] pixels, as a tracker finds them. */
  readonly landmarks: readonly number[];
  /** [V * 3] the face in the head's frame, with and without its expression, mm. */
  readonly positions: Float32Array;
  readonly neutral: Float32Array;
  /** Euler angles of the head. */
  readonly angles: readonly number[];
  /** [V, 3] linear reflectance of the vertices. */
  readonly diffuse: Tensor;
  /** [H, 2H, 3] radiance. */
  readonly map: Tensor;
}

/** One face of the world: path traced and developed. */
export async function takePhotograph(
  world: MorphableModel,
  { spp, photo }: Pick<WorldPlan, 'spp' | 'photo'>,
  seed: number,
): Promise<WorldPhotograph> {
  const random = numbers(seed);
  const scene = await drawFaceScene(world, seed, { size: photo, spread: 1, expression: 0.8, turn: 0.6 });
  const vector = (values: readonly number[]): Tensor => tensor(Float32Array.from(values));
  const [identity, blendshapes] = [vector(scene.identity), vector(scene.blendshapes)];
  const [rotation, translation] = [vector(scene.rotation), vector(scene.translation)];
  const posed = posedFace(world, { rotation, translation, identity, blendshapes });
  const mesh = { ...posed, rest: Float32Array.from(await posed.positions.data()) };
  const camera = pinhole({
    ...{ width: photo, height: photo, near: 50, far: 5000 },
    intrinsics: tensor([scene.focal, scene.focal, photo / 2, photo / 2]),
  });
  const textures = modelTextures(world, vector(scene.albedo), vector(scene.tint));
  const [diffuse, specular] = [textures.diffuse, textures.specular].map((map) => verticesOfTexture(world, map));
  const map = colouredLight(scene, random);
  const { image } = pathTrace(
    {
      shapes: [{ mesh, bsdf: faceBsdf(world, { diffuse, specular }) }],
      emitters: [environment(map, { background: false })],
    },
    camera,
    { spp, depth: 3, seed },
  );
  const angles = eulerAngles(await axisAngle(rotation).matrix.data());
  const view = { pitch: angles[0], yaw: angles[1] };
  const points = axisAngle(rotation)
    .apply(world.landmarks(world.geometry({ identity, blendshapes }), view))
    .add(translation);
  const landmarks = await camera.toPixels(points).slice(null, [0, 2]).data();
  const box = Math.max(...landmarks) - Math.min(...landmarks);
  // landmarks of a tracker are off by half a percent of the face
  const tracked = Array.from(landmarks, (p) => p + 0.005 * box * normal(random));
  const picture: HostImage = { width: photo, height: photo, channels: 3, data: developed(await image.data(), random) };
  const geometry = async (expression: object): Promise<Float32Array> =>
    Float32Array.from(await world.geometry({ identity, ...expression }).data());
  const [positions, neutral] = [await geometry({ blendshapes }), await geometry({})];
  return { ...{ picture, landmarks: tracked, positions, neutral, angles }, diffuse, map };
}

/** A photograph of the world as rows are judged by: cropped by its landmarks, with the closest parameters of the model. */
async function worldFace(
  world: MorphableModel,
  model: MultilinearModel,
  plan: WorldPlan,
  seed: number,
): Promise<WorldFace> {
  const { picture, landmarks, positions, neutral, angles, diffuse, map } = await takePhotograph(world, plan, seed);
  const crop = cropPhoto(picture, landmarks, plan.size);
  const theta = new Float32Array(model.layout.size);
  const put = (group: Parameters<typeof part>[2], values: ArrayLike<number>): void =>
    part(theta, model.layout, group).set(values);
  put('rotation', angles);
  const difference = (a: ArrayLike<number>, b: ArrayLike<number>): Float32Array =>
    Float32Array.from(a, (x, i) => x - b[i]);
  put('shape', coefficients(difference(neutral, model.base.data.positions), model.shape));
  put('expression', coefficients(difference(positions, neutral), model.expression));
  put('reflectance', coefficients(difference(await diffuse.data(), model.reflectance.mean), model.reflectance));
  // radiance L lights a Lambert surface with albedo / pi times the sum of A_l L_lm Y_lm
  put('illumination', await projectEnvironment(map).narrow(0, 0, 9).div(Math.PI).data());
  return { ...crop, positions, theta };
}

/** The photographs of a plan, from their folder; what is missing is made. */
export async function worldPhotos(
  folder: string,
  world: MorphableModel,
  model: MultilinearModel,
  plan: WorldPlan,
  onProgress?: (done: number, count: number) => void,
  signal?: AbortSignal,
): Promise<WorldFace[]> {
  const { count, size, seed } = plan;
  await writeDataset(folder, {
    ...{ count, shardSize: 20, signal, onProgress },
    settings: { ...plan, model: world.data.name, parameters: model.layout.size },
    make: async (k) => {
      const { image, surroundings, mask, landmarks, positions, theta } = await worldFace(world, model, plan, seed + k);
      return {
        image: { type: 'U8', shape: [size, size, 3], data: image },
        surroundings: { type: 'U8', shape: [size, size, 3], data: surroundings },
        mask: { type: 'U8', shape: [size, size], data: mask },
        landmarks: { type: 'F32', shape: [68, 2], data: landmarks },
        positions: { type: 'F32', shape: [positions.length / 3, 3], data: positions },
        theta: { type: 'F32', shape: [theta.length], data: theta },
      };
    },
  });
  const dataset = await openDataset(folder);
  const faces: WorldFace[] = [];
  for (let k = 0; k < count; k++) {
    const arrays = await dataset.sample(k);
    const bytes = (name: string): Uint8Array => Uint8Array.from(arrays[name].data as Uint8Array);
    const floats = (name: string): Float32Array => Float32Array.from(arrays[name].data as Float32Array);
    faces.push({
      image: bytes('image'),
      surroundings: bytes('surroundings'),
      mask: bytes('mask'),
      landmarks: floats('landmarks'),
      positions: floats('positions'),
      theta: floats('theta'),
    });
  }
  return faces;
}
