import { Generator, rand, randn, tensor } from '@chiaro/autograd';
import {
  backgroundImage,
  deformedModel,
  faceSet,
  photograph,
  synthesize,
  type FaceRelief,
  type FaceScene,
  type MorphableModel,
  type SyntheticFace,
} from '@chiaro/faces';
import { openDataset, writeDataset, type Dataset, type DatasetSample } from '@chiaro/faces/node';
import { sampleTexture } from '@chiaro/render';
import { withKeyLight } from './keyLight.js';
import { lampPixels } from './lampPixels.js';

/** A photograph of the world to learn from: nothing is known of it. */
export interface WorldPhoto {
  /** [S * S * 3] sRGB bytes. */
  readonly photo: Uint8Array;
  /** [68 * 2] pixels, off as those of a detector are. */
  readonly landmarks: Float32Array;
}

/** A photograph to judge by, and what is true of it. */
export interface WorldFace extends WorldPhoto {
  /** [6] axis times angle and mm: camera point = rotation * head point + translation. */
  readonly pose: Float32Array;
  /** [V * 3] the face in the head's frame, mm. */
  readonly positions: Float32Array;
  /** [S * S * 3] diffuse albedo, normals in the camera's frame, and [S * S] the face mask. */
  readonly albedo: Float32Array;
  readonly normals: Float32Array;
  readonly faceMask: Float32Array;
  /** [S * S] specular albedo. */
  readonly specular: Float32Array;
  /** [S * S * 2] texture coordinates: what the true camera sees of the true surface. */
  readonly uv: Float32Array;
  /** [S * S] what the brightest lamp does, see `lampPixel`. */
  readonly lamp: Uint8Array;
  /** [S * S * 3] the same face in another light, linear RGB, and the coefficients [81 * 3] of that. */
  readonly relit: Float32Array;
  readonly relitLight: Float32Array;
}

/** In what the faces of a set differ from those of rich reflectance's own world. */
export interface WorldVariation {
  /** As `MorphableModel.sample` takes it: 0.8. */
  readonly expression?: number;
  /** Furrows of a photograph's face; none. */
  readonly relief?: (index: number) => FaceRelief;
  /** How many photographs in a row show the same person in the same light: 1. */
  readonly alike?: number;
}

/** Which photographs. */
export interface WorldPlan {
  readonly count: number;
  /** Of the first face: other seeds are other people in other lights. */
  readonly seed: number;
  /** Pixels of a side, samples per pixel. */
  readonly size: number;
  readonly spp: number;
  readonly variation?: WorldVariation;
}

/** A face model with deformations that the given one does not have. */
export async function worldModel(model: MorphableModel): Promise<MorphableModel> {
  const uniform = await rand([4096], { generator: new Generator(77) }).data();
  let used = 0;
  return deformedModel(model.data, () => uniform[used++]);
}

/** Landmarks of a detector are off by this share of the face. */
const landmarkNoise = 0.005;

type Progress = (done: number, count: number) => void;
/** A sample as it is read. */
type Arrays = Awaited<ReturnType<Dataset['sample']>>;

/** How the photographs of a plan are drawn: what an index shows, who it shows, and all that a set's settings say of it. */
function drawing({ count, seed, size, spp, variation = {} }: WorldPlan, world: MorphableModel) {
  const looks = { backgrounds: ['gradient'], sensor: true } as const;
  const { expression = 0.8, relief, alike = 1 } = variation;
  const scenes = Math.ceil(count / alike);
  const plan = faceSet({ count: scenes, seed, size, looks, expression, turn: 0.6 });
  const reliefs = relief && { reliefs: Array.from({ length: count }, (_, k) => relief(k)) };
  const sceneOf = async (n: number): Promise<FaceScene> => withKeyLight((await plan.item(world, n)).scene);
  return {
    settings: { ...plan, spp, model: world.data.name, count, alike, light: 'key', ...reliefs },
    /** The scene of a photograph, and that of the next person. */
    scenes: async (index: number): Promise<{ scene: FaceScene; next: FaceScene }> => {
      const person = Math.floor(index / alike);
      const scene = { ...(await sceneOf(person)), ...(relief && { relief: relief(index) }) };
      return { scene, next: await sceneOf((person + 1) % scenes) };
    },
    /** What a camera and a detector make of a face. */
    photo: async (index: number, scene: FaceScene, face: SyntheticFace): Promise<DatasetSample> => {
      const { bytes } = photograph(scene, face.traced, face.coverage, backgroundImage(scene));
      const box = Math.max(...face.landmarks) - Math.min(...face.landmarks);
      const noise = await randn([136], { generator: new Generator(seed + index) }).data();
      const landmarks = face.landmarks.map((p, k) => p + landmarkNoise * box * noise[k]);
      return {
        photo: { type: 'U8', shape: [size, size, 3], data: bytes },
        landmarks: { type: 'F32', shape: [68, 2], data: landmarks },
      };
    },
  };
}

/** The photographs of a plan without what is true of them, from their folder; what is missing is rendered. */
export async function worldPhotos(
  folder: string,
  world: MorphableModel,
  plan: WorldPlan,
  onProgress?: Progress,
  signal?: AbortSignal,
): Promise<WorldPhoto[]> {
  const { settings, scenes, photo } = drawing(plan, world);
  await writeDataset(folder, {
    ...{ count: plan.count, shardSize: 10, signal, onProgress, settings },
    make: async (index) => {
      const { scene } = await scenes(index);
      return photo(index, scene, await synthesize(world, scene, { spp: plan.spp }));
    },
  });
  return samplesOf(folder, plan.count, photoOf);
}

/** The photographs of a plan with what is true of them, from their folder; what is missing is rendered. */
export async function worldFaces(
  folder: string,
  world: MorphableModel,
  plan: WorldPlan,
  onProgress?: Progress,
  signal?: AbortSignal,
): Promise<WorldFace[]> {
  const { count, size, spp } = plan;
  const { settings, scenes, photo } = drawing(plan, world);
  await writeDataset(folder, {
    ...{ count, shardSize: 10, signal, onProgress, settings },
    make: async (index) => {
      const { scene, next } = await scenes(index);
      const face = await synthesize(world, scene, { spp });
      // the lamps of the next face from the other side, so that a face alone has another light too
      const lit = {
        ...{ ...scene, ambient: next.ambient },
        lamps: next.lamps.map((lamp) => ({ ...lamp, direction: mirrored(lamp.direction) })),
      };
      const relit = await synthesize(world, lit, { spp });
      const vector = (values: readonly number[]) => tensor(Float32Array.from(values));
      const positions = await world
        .geometry({ identity: vector(scene.identity), blendshapes: vector(scene.blendshapes) })
        .data();
      const texture = world.albedo({ albedo: vector(scene.albedo), tint: vector(scene.tint) }).specular;
      const shine = await sampleTexture(texture.narrow(2, 0, 1), tensor(face.uv, [size * size, 2])).data();
      const specular = Float32Array.from(shine, (s, k) => s * face.mask[k]);
      const image = (data: Float32Array, ...channels: number[]) =>
        ({ type: 'F32', shape: [size, size, ...channels], data }) as const;
      return {
        ...(await photo(index, scene, face)),
        pose: { type: 'F32', shape: [6], data: Float32Array.from([...scene.rotation, ...scene.translation]) },
        positions: { type: 'F32', shape: [positions.length / 3, 3], data: Float32Array.from(positions) },
        albedo: image(face.albedo, 3),
        normals: image(face.normals, 3),
        faceMask: image(face.faceMask),
        specular: image(specular),
        uv: image(face.uv, 2),
        lamp: { type: 'U8', shape: [size, size], data: await lampPixels(world, scene, { ...face, specular }) },
        relit: image(relit.traced, 3),
        relitLight: { type: 'F32', shape: [81, 3], data: relit.light },
      };
    },
  });
  return samplesOf(folder, count, (arrays) => {
    const [bytes, floats] = [bytesOf(arrays), floatsOf(arrays)];
    return {
      ...{ ...photoOf(arrays), lamp: bytes('lamp'), relit: floats('relit'), relitLight: floats('relitLight') },
      ...{ pose: floats('pose'), positions: floats('positions'), albedo: floats('albedo'), normals: floats('normals') },
      ...{ faceMask: floats('faceMask'), specular: floats('specular'), uv: floats('uv') },
    };
  });
}

const bytesOf =
  (arrays: Arrays) =>
  (name: string): Uint8Array =>
    Uint8Array.from(arrays[name].data as Uint8Array);
const floatsOf =
  (arrays: Arrays) =>
  (name: string): Float32Array =>
    Float32Array.from(arrays[name].data as Float32Array);

const photoOf = (arrays: Arrays): WorldPhoto => ({
  ...{ photo: bytesOf(arrays)('photo'), landmarks: floatsOf(arrays)('landmarks') },
});

/** The samples of a set that is written. */
async function samplesOf<T>(folder: string, count: number, of: (arrays: Arrays) => T): Promise<T[]> {
  const dataset = await openDataset(folder);
  const samples: T[] = [];
  for (let k = 0; k < count; k++) samples.push(of(await dataset.sample(k)));
  return samples;
}

/** A direction from the other side. */
const mirrored = ([x, y, z]: readonly [number, number, number]): readonly [number, number, number] => [-x, y, z];
