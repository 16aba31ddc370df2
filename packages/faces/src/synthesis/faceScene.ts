import { Generator, rand, ShapeError } from '../engine.js';
import { rotationOfAxisAngle } from '../fit/pose/rotation.js';
import type { MorphableModel } from '../model/index.js';
import type { Background } from './background.js';
import { turned } from './frames.js';
import type { Triple } from './frames.js';
import type { SceneHair } from './hair.js';
import { headLandmarks } from './landmarkPixels.js';
import type { FaceRelief } from './relief.js';
import type { Capsule } from './sceneParts.js';
import type { Sensor } from './sensor.js';
import type { TextureStyle } from './textureStyle.js';

/** A soft lamp far away. */
export interface SceneLamp {
  /** Unit vector from the face to the lamp, camera's frame. */
  readonly direction: readonly [number, number, number];
  /** Irradiance on a surface that faces it, linear RGB. */
  readonly irradiance: readonly [number, number, number];
  /** k of its radiance exp(k (cos - 1)) about the direction; 100 is some 11 degrees wide. */
  readonly sharpness: number;
}

/** Balls that shine near the face, all with the same radiance; of each ball the side towards the head is there. */
export interface NearLights {
  /** Radiance of every ball, linear RGB. A ball of radius r at the distance d gives pi (r / d)^2 times that. */
  readonly radiance: readonly [number, number, number];
  /** Middles in the camera's frame and radii, mm. */
  readonly balls: readonly { readonly position: readonly [number, number, number]; readonly radius: number }[];
}

/** Light from all around by a map of the user's. */
export interface SceneEnvironment {
  /** Name of the map among those that `synthesize` is given. */
  readonly map: string;
  /** Axis times angle, radians: camera direction = rotation * direction of the map. */
  readonly rotation: readonly [number, number, number];
  /** The map's radiance is multiplied by it. */
  readonly gain: number;
}

/** A face before a camera, as plain numbers from which the picture is made again exactly. */
export interface FaceScene {
  /** Pixels of a side of the picture. */
  readonly size: number;
  /** Seed of what the path tracer draws. */
  readonly seed: number;
  readonly identity: readonly number[];
  readonly blendshapes: readonly number[];
  readonly albedo: readonly number[];
  readonly tint: readonly number[];
  /** Axis times angle, radians: camera point = rotation * head point + translation. */
  readonly rotation: readonly [number, number, number];
  /** mm */
  readonly translation: readonly [number, number, number];
  /** Focal length in pixels; the principal point is the middle of the picture. */
  readonly focal: number;
  /** Radiance from everywhere, linear RGB. */
  readonly ambient: readonly [number, number, number];
  readonly lamps: readonly SceneLamp[];
  /** Light from all around besides. */
  readonly environment?: SceneEnvironment;
  /** Lamps so near that their light falls off over the face. Each list costs as much as another render of the light. */
  readonly near?: readonly NearLights[];
  /** Bars before the face: glasses, hands (at most 16). */
  readonly occluders?: readonly Capsule[];
  readonly hair?: SceneHair;
  /** How the face is painted; as it is by default. */
  readonly style?: TextureStyle;
  /** Furrows; none by default. */
  readonly relief?: FaceRelief;
  readonly lens?: SceneLens;
  /** What is behind the head; black by default. */
  readonly background?: Background;
  /** How light becomes bytes; without noise, in sRGB, by default. */
  readonly sensor?: Sensor;
}

/** What the lens does to the picture. */
export interface SceneLens {
  /** k1, k2, p1, p2, k3 of Brown and Conrady, as `pinhole` of @chiaro/render takes them. */
  readonly distortion: readonly [number, number, number, number, number];
  /** v of the light's share 1 / (1 + v r^2)^2 that arrives at a distance r from the middle, 1 in the corners. */
  readonly vignetting: number;
}

/** What scenes are drawn like. */
export interface FaceSceneOptions {
  /** Pixels of a side (default 128). */
  readonly size?: number;
  /** As `MorphableModel.sample` takes them. */
  readonly spread?: number;
  readonly expression?: number;
  /** Turns of the head up to this to either side, radians (default 0.5); up and down half of it. */
  readonly turn?: number;
}

/** Millimetres that the picture shows at the head's distance. */
export const extent = 300;

/**
 * Draws a face, its pose, a camera and a light with one to three soft lamps over an even ambience. Equal seeds give
 * equal scenes.
 * @throws ShapeError unless the size is a whole number from 8 to 4096.
 */
export async function drawFaceScene(
  model: MorphableModel,
  seed: number,
  { size = 128, spread = 0.8, expression = 0.7, turn = 0.5 }: FaceSceneOptions = {},
): Promise<FaceScene> {
  if (!Number.isInteger(size) || size < 8 || size > 4096)
    throw new ShapeError(`a picture has 8 to 4096 pixels on a side, got ${size}`);
  const generator = new Generator(seed);
  const face = model.sample(generator, { spread, expression });
  const uniform = await rand([32], { generator }).data();
  let used = 0;
  const between = (low: number, high: number): number => low + (high - low) * uniform[used++];
  const [pitch, yaw, roll] = [between(-turn / 2, turn / 2), between(-turn, turn), between(-turn / 5, turn / 5)];
  const rotation = rotationVector(pitch, yaw, roll);
  const distance = between(700, 1500);
  const [identity, blendshapes, albedo, tint] = await Promise.all(
    [face.identity, face.blendshapes, face.albedo, face.tint].map(async (t) => Array.from(await t.data())),
  );
  return {
    ...{ size, seed, identity, blendshapes, albedo, tint, rotation },
    ...drawFarLight(between),
    translation: framed(headLandmarks(model, { identity, blendshapes }), rotation, distance),
    focal: (size * distance) / extent,
  };
}

/** An even ambience and one to three soft lamps. @param between draws a number between two. */
export function drawFarLight(between: (low: number, high: number) => number): Pick<FaceScene, 'ambient' | 'lamps'> {
  const warmth = between(-0.2, 0.2);
  const lamp = (): SceneLamp => {
    const [azimuth, height, strength] = [between(-1.6, 1.6), between(-0.2, 1.1), between(0.6, 2.6)];
    return {
      direction: [Math.cos(height) * Math.sin(azimuth), Math.sin(height), Math.cos(height) * Math.cos(azimuth)],
      irradiance: [strength * (1 + warmth), strength, strength * (1 - warmth)],
      sharpness: Math.exp(between(2.5, 6)),
    };
  };
  const ambience = between(0.08, 0.35);
  const lamps = Array.from({ length: 1 + Math.floor(between(0, 3)) }, lamp);
  return { ambient: [ambience, ambience, ambience], lamps };
}

/** Where a head goes at a distance: its landmarks' middle to the middle of the picture, with room for the forehead. */
export function framed(landmarks: Float64Array, rotation: Triple, distance: number): [number, number, number] {
  const matrix = rotationOfAxisAngle(rotation);
  const points = Array.from({ length: 68 }, (_, k) => turned(matrix, landmarks.subarray(3 * k, 3 * k + 3)));
  const middle = (axis: number): number => {
    const values = points.map((p) => p[axis]);
    return (Math.min(...values) + Math.max(...values)) / 2;
  };
  return [-middle(0), -middle(1) - 12, -distance];
}

/** Axis times angle of a turn about +Y, then +X, then +Z. */
export function rotationVector(pitch: number, yaw: number, roll: number): [number, number, number] {
  // unit quaternions of the three turns, multiplied
  const [cx, sx, cy, sy, cz, sz] = [pitch, yaw, roll].flatMap((a) => [Math.cos(a / 2), Math.sin(a / 2)]);
  const [w, x, y, z] = [
    cz * cx * cy + sz * sx * sy,
    cz * sx * cy + sz * cx * sy,
    cz * cx * sy - sz * sx * cy,
    sz * cx * cy - cz * sx * sy,
  ];
  const half = Math.hypot(x, y, z);
  const factor = half < 1e-9 ? 2 : (2 * Math.atan2(half, w)) / half;
  return [factor * x, factor * y, factor * z];
}
