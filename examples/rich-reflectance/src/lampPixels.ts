import { tensor } from '@chiaro/autograd';
import { posedFace, type FaceScene, type MorphableModel } from '@chiaro/faces';
import { bvhOf, evaluateBsdf, ggx, occlusion } from '@chiaro/render';

/** What the brightest lamp does at a pixel: nothing, hidden by the face itself, it shines, it shines with a highlight. */
export const lampPixel = { none: 0, hidden: 1, lit: 2, highlight: 3 } as const;

/** A highlight adds at least this share of what the diffuse part gives. */
const highlightShare = 0.2;

/** What the true camera sees of a face, [S * S] of each. */
interface SeenSurface {
  readonly depth: Float32Array;
  /** Camera's frame, and linear RGB. */
  readonly normals: Float32Array;
  readonly albedo: Float32Array;
  readonly specular: Float32Array;
  readonly faceMask: Float32Array;
}

type Vector = readonly number[];
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const unit = (a: Vector): Vector => a.map((x) => x / Math.hypot(...a));
const minus = (a: Vector, b: Vector, times: number): Vector => a.map((x, k) => x - times * b[k]);

/** The directions to the lamp and to the camera in a frame whose Z is the normal, and whose XZ plane holds the former. */
function localFrame(normal: Vector, toLamp: Vector, toCamera: Vector): readonly [Vector, Vector] {
  const [sine, cosine] = [Math.hypot(...minus(toLamp, normal, dot(toLamp, normal))), dot(toLamp, normal)];
  const across = sine < 1e-6 ? [0, 0, 0] : unit(minus(toLamp, normal, cosine));
  const [x, z] = [dot(toCamera, across), dot(toCamera, normal)];
  return [
    [sine, 0, cosine],
    [x, Math.sqrt(Math.max(0, 1 - x * x - z * z)), z],
  ];
}

/**
 * What the brightest lamp does at each pixel, by `lampPixel`: [S * S]. The lamp counts as a direction; pixels that it only
 * grazes, and those outside of the face, count as none.
 */
export async function lampPixels(
  world: MorphableModel,
  { size, focal, lamps, ...scene }: FaceScene,
  { depth, normals, albedo, specular, faceMask }: SeenSurface,
): Promise<Uint8Array> {
  const [{ direction }] = [...lamps].sort((a, b) => b.irradiance[1] - a.irradiance[1]);
  const normalAt = (k: number): Vector => unit([0, 1, 2].map((c) => normals[3 * k + c]));
  const pointAt = (k: number): Vector => {
    const [x, y] = [(k % size) + 0.5 - size / 2, size / 2 - Math.floor(k / size) - 0.5];
    return [(x / focal) * depth[k], (y / focal) * depth[k], -depth[k]];
  };
  const facing = Array.from(faceMask.keys()).filter((k) => faceMask[k] > 0.5 && dot(normalAt(k), direction) > 0.1);
  const result = new Uint8Array(size * size);
  if (facing.length === 0) return result;
  const count = facing.length;
  const rows = (rowOf: (k: number) => Vector) =>
    tensor(Float32Array.from(facing.flatMap((k) => [...rowOf(k)])), [count, 3]);
  const vector = (values: Vector) => tensor(Float32Array.from(values));
  const mesh = posedFace(world, {
    rotation: vector(scene.rotation),
    translation: vector(scene.translation),
    identity: vector(scene.identity),
    blendshapes: vector(scene.blendshapes),
  });
  const frames = new Map(
    facing.map((k) => [k, localFrame(normalAt(k), direction, unit(pointAt(k).map((x) => -x)))] as const),
  );
  const surface = {
    diffuse: rows((k) => [...albedo.subarray(3 * k, 3 * k + 3)]),
    specular: rows((k) => [specular[k], specular[k], specular[k]]),
    roughness: world.roughness,
  };
  const [wi, wo] = [rows((k) => frames.get(k)![0]), rows((k) => frames.get(k)![1])];
  const [hidden, reflected] = await Promise.all([
    occlusion(
      bvhOf(mesh),
      rows(pointAt),
      rows(() => direction),
      { tMin: 2 },
    ).data(),
    evaluateBsdf(ggx(surface), wi, wo).data(),
  ]);
  facing.forEach((k, i) => {
    const [all, diffuse] = [reflected[3 * i + 1], albedo[3 * k + 1] / Math.PI];
    const shines = all - diffuse > highlightShare * diffuse ? lampPixel.highlight : lampPixel.lit;
    result[k] = hidden[i] > 0 ? lampPixel.hidden : shines;
  });
  return result;
}
