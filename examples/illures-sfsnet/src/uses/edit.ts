import { landmarkRanges } from '@chiaro/faces';
import { localImage, shadingOf } from '../data/formation.js';
import type { TakenApart } from '../evaluate/decompose.js';

/** Places of a face that can be painted. */
export const regions = ['beard', 'lips', 'cheeks'] as const;
export type Region = (typeof regions)[number];

/** Paint: linear RGB albedo, and how much of it covers the skin, 0 to 1. */
export interface Paint {
  readonly region: Region;
  readonly colour: readonly [number, number, number];
  readonly strength: number;
}

type Place = readonly [number, number];

/** Whether a place lies in a polygon: crossings of a ray to the right. */
function isInside([x, y]: Place, polygon: readonly Place[]): boolean {
  let inside = false;
  polygon.forEach(([xi, yi], i) => {
    const [xj, yj] = polygon[(i + polygon.length - 1) % polygon.length];
    if (yi > y !== yj > y && x < xi + ((xj - xi) * (y - yi)) / (yj - yi)) inside = !inside;
  });
  return inside;
}

/** Where the region is, by landmarks. */
function shapeOf(region: Region, landmarks: ArrayLike<number>): (place: Place) => boolean {
  const at = (k: number): Place => [landmarks[2 * k], landmarks[2 * k + 1]];
  const all = (from: number, to: number): Place[] => Array.from({ length: to - from }, (_, k) => at(from + k));
  const lips = all(...(landmarkRanges.outerLips as readonly [number, number]));
  switch (region) {
    case 'lips': {
      const open = all(...(landmarkRanges.innerLips as readonly [number, number]));
      return (place) => isInside(place, lips) && !isInside(place, open);
    }
    case 'beard': {
      // down the jaw, and back below the nose
      const hair = [...all(3, 14), at(35), at(33), at(31)];
      return (place) => isInside(place, hair) && !isInside(place, lips);
    }
    case 'cheeks': {
      const spot = (eye: number, jaw: number): ((place: Place) => boolean) => {
        const [a, b] = [at(eye), at(jaw)];
        const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
        const radius = 0.28 * Math.hypot(at(8)[0] - at(27)[0], at(8)[1] - at(27)[1]);
        return ([x, y]) => Math.hypot(x - middle[0], y - middle[1]) < radius / 1.6;
      };
      const [left, right] = [spot(41, 4), spot(46, 12)];
      return (place) => left(place) || right(place);
    }
  }
}

/**
 * How much of each pixel a paint covers, [size * size] from 0 to its strength, with edges that run out over some 4 % of the
 * picture.
 */
export function coverOf({ region, strength }: Paint, landmarks: ArrayLike<number>, size: number): Float32Array {
  const inside = shapeOf(region, landmarks);
  let cover = Float32Array.from({ length: size * size }, (_, p) =>
    Number(inside([(p % size) + 0.5, Math.floor(p / size) + 0.5])),
  );
  // three means over boxes are nearly a Gaussian
  const radius = Math.max(1, Math.round(0.02 * size));
  for (let pass = 0; pass < 3; pass++)
    for (const step of [1, size]) {
      const before = cover;
      cover = before.map((_, p) => {
        const place = step === 1 ? p % size : Math.floor(p / size);
        let sum = 0;
        for (let d = -radius; d <= radius; d++) {
          const other = Math.min(size - 1, Math.max(0, place + d));
          sum += before[p + (other - place) * step];
        }
        return sum / (2 * radius + 1);
      });
    }
  return cover.map((x) => x * strength);
}

/** Albedos below this are this when R is scaled by their quotient. */
const darkest = 0.01;

/**
 * Section 4.4: albedo editing. The albedo is painted over, A', and lit as before: A' f(N, L) + R. R is kept where it is
 * light (highlights lie on top of paint), and where it darkens it is scaled with the albedo (half a shadow stays half).
 * @returns [S * S * 3] linear RGB, not clipped.
 */
export function withEditedAlbedo(
  { albedo, normals, light, residual }: TakenApart,
  cover: ArrayLike<number>,
  { colour }: Paint,
): { readonly albedo: Float32Array; readonly image: Float32Array } {
  const edited = Float32Array.from(albedo, (a, i) => a + cover[Math.floor(i / 3)] * (colour[i % 3] - a));
  const image = localImage(edited, normals, light).map((x, i) => {
    const r = residual ? residual[i] : 0;
    return x + (r < 0 ? r * (Math.max(darkest, edited[i]) / Math.max(darkest, albedo[i])) : r);
  });
  return { albedo: edited, image };
}

/**
 * What albedo editing is compared with: the same paint laid over the photograph itself, as bright as the mean of the light
 * where it lies, so that shadows and folds below it are gone.
 */
export function painted(
  image: ArrayLike<number>,
  { normals, light }: TakenApart,
  cover: ArrayLike<number>,
  { colour }: Paint,
): Float32Array {
  const shade = shadingOf(normals, light);
  const mean = [0, 1, 2].map((c) => {
    let [sum, weight] = [0, 1e-9];
    for (let p = 0; p < cover.length; p++) [sum, weight] = [sum + cover[p] * shade[3 * p + c], weight + cover[p]];
    return sum / weight;
  });
  return Float32Array.from(image, (x, i) => x + cover[Math.floor(i / 3)] * (colour[i % 3] * mean[i % 3] - x));
}
