import {
  backgroundImage,
  photograph,
  scenePart,
  synthesize,
  synthesizeLocal,
  type FaceScene,
  type LightMaps,
  type LocalFace,
  type MorphableModel,
} from '@chiaro/faces';
import { evaluateSHHost, linearOfSRGB } from '@chiaro/render';
import type { FaceMaps } from './faceMaps.js';
import { lightNumbers, localImage } from './formation.js';

/**
 * How a scene becomes a picture:
 * - local: I_l of eq. 1 and nothing else, as SfSNet-syn; R is zero;
 * - traced: I_g of eq. 2, path traced;
 * - photograph: that light through the scene's camera, read back as people read photographs, by the sRGB curve.
 */
export type Picture = 'local' | 'traced' | 'photograph';

/** What else it takes. */
export interface RenderingOptions {
  /** Samples per pixel of the path tracer. */
  readonly spp: number;
  readonly maps?: LightMaps;
}

/**
 * The nine harmonics of a scene's light as the face's middle receives it, [27]: of far light, and of near lamps, which from
 * there are a direction and a radiance times a solid angle.
 */
function lightOf({ scene, light, depth, mask }: LocalFace): Float32Array {
  const nine = Float32Array.from(light.subarray(0, lightNumbers));
  const inside = depth.filter((_, p) => mask[p] === 1);
  const middle = [0, 0, -inside.reduce((a, b) => a + b, 0) / inside.length];
  for (const { radiance, balls } of scene.near ?? [])
    for (const { position, radius } of balls) {
      const way = position.map((x, c) => x - middle[c]);
      const far = Math.hypot(...way);
      const solidAngle = Math.PI * (radius / far) ** 2;
      evaluateSHHost(
        way.map((x) => x / far),
        2,
      ).forEach((y, k) => {
        for (let c = 0; c < 3; c++) nine[3 * k + c] += radiance[c] * solidAngle * y;
      });
    }
  return nine;
}

/**
 * Where the face is seen: on the skin of the model's mask, and on the head wherever that lies around it (eyes, mouth).
 */
function faceMaskOf({ scene: { size }, parts, faceMask }: LocalFace): Uint8Array {
  const isHead = (p: number): boolean => parts[p] === scenePart.head;
  const mask = Uint8Array.from(faceMask, (x, p) => Number(x > 0.5 && isHead(p)));
  // what the border of the picture is connected with, besides the face, is outside
  const outside = new Uint8Array(mask.length);
  const open = Array.from(mask.keys()).filter((p) => p % size === 0 || p % size === size - 1);
  for (let x = 0; x < size; x++) open.push(x, mask.length - 1 - x);
  while (open.length > 0) {
    const p = open.pop()!;
    if (mask[p] === 1 || outside[p] === 1) continue;
    outside[p] = 1;
    if (p % size > 0) open.push(p - 1);
    if (p % size < size - 1) open.push(p + 1);
    if (p >= size) open.push(p - size);
    if (p < mask.length - size) open.push(p + size);
  }
  return mask.map((x, p) => Number(x === 1 || (outside[p] === 0 && isHead(p))));
}

/** How bright a face is at its brightest: 0.5 to 1, by the scene. */
const brightness = ({ seed }: FaceScene): number =>
  0.5 + (0.5 * ((Math.imul(seed, 0x9e3779b1) >>> 8) & 0xffff)) / 65536;

/** The factor that gives a share of the numbers on a face, of the darker ones, at most its brightness. */
function exposureOf(scene: FaceScene, image: ArrayLike<number>, mask: Uint8Array, share: number): number {
  const values: number[] = [];
  for (let i = 0; i < image.length; i++) if (mask[Math.floor(i / 3)] === 1) values.push(image[i]);
  values.sort((a, b) => a - b);
  const bright = values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;
  return bright > 0 ? brightness(scene) / bright : 1;
}

/** I_l of eq. 1 wherever the picture shows a surface, by a light that makes it nowhere negative on the face. */
function localPicture(
  face: LocalFace,
  mask: Uint8Array,
): { readonly light: Float32Array; readonly image: Float32Array } {
  const light = lightOf(face);
  const image = localImage(face.albedo, face.normals, light);
  const lowest = [0, 0, 0];
  image.forEach((x, i) => {
    if (mask[Math.floor(i / 3)] === 1) lowest[i % 3] = Math.min(lowest[i % 3], x / Math.max(face.albedo[i], 1e-6));
  });
  if (lowest.every((x) => x === 0)) return { light, image };
  // even light adds its radiance to the shading
  lowest.forEach((x, c) => (light[c] += -x * Math.sqrt(4 * Math.PI)));
  return { light, image: localImage(face.albedo, face.normals, light) };
}

/** Zero where the mask is. */
const masked = (values: ArrayLike<number>, mask: Uint8Array): Float32Array =>
  Float32Array.from(values, (x, i) => x * mask[Math.floor(i / 3)]);

/** Renders a scene, with everything that is true about the picture. */
export async function renderedFace(
  model: MorphableModel,
  scene: FaceScene,
  picture: Picture,
  { spp, maps }: RenderingOptions,
): Promise<Omit<FaceMaps, 'labels'>> {
  const lit = maps ? { maps } : {};
  const behind = backgroundImage(scene, {}, maps);
  const over = (image: ArrayLike<number>, coverage: ArrayLike<number>): Float32Array =>
    Float32Array.from(image, (x, i) => x + (1 - coverage[Math.floor(i / 3)]) * behind[i]);
  const finished = (
    face: LocalFace,
    mask: Uint8Array,
    {
      light,
      image,
      exposure,
    }: { readonly light: Float32Array; readonly image: Float32Array; readonly exposure: number },
  ): Omit<FaceMaps, 'labels'> => ({
    size: scene.size,
    image: image.map((x) => Math.min(1, Math.max(0, exposure * x))),
    albedo: masked(face.albedo, mask),
    normals: masked(face.normals, mask),
    light: light.map((x) => exposure * x),
    mask,
    landmarks: face.landmarks,
  });
  if (picture === 'local') {
    const face = await synthesizeLocal(model, scene, lit);
    const mask = faceMaskOf(face);
    const { light, image } = localPicture(face, mask);
    const seen = face.parts.map((part) => Number(part !== scenePart.nothing));
    return finished(face, mask, { light, image: over(image, seen), exposure: exposureOf(scene, image, mask, 1) });
  }
  const face = await synthesize(model, scene, { spp, ...lit });
  // a pixel with some background in it is no pixel of a face
  const mask = faceMaskOf(face).map((x, p) => Number(x === 1 && face.coverage[p] > 0.999));
  const exposure = exposureOf(scene, face.traced, mask, 0.99);
  const seen = { light: lightOf(face), image: over(face.traced, face.coverage), exposure };
  const plain = finished(face, mask, seen);
  if (picture === 'traced') return plain;
  const { sensor } = scene;
  const exposed = sensor ? { ...scene, sensor: { ...sensor, exposure: exposure * sensor.exposure } } : scene;
  const total = exposed.sensor?.exposure ?? 1;
  const { bytes } = photograph(exposed, face.traced, face.coverage, behind);
  return {
    ...plain,
    light: seen.light.map((x) => total * x),
    image: Float32Array.from(bytes, (v) => linearOfSRGB(v / 255)),
    radiance: seen.image.map((x) => total * x),
  };
}
