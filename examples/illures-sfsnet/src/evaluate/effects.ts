import type { FaceMaps } from '../data/faceMaps.js';
import { localImage } from '../data/formation.js';

/** Where light is not what local illumination says, as the truth tells: [S * S] each, 0 or 1. */
export interface Effects {
  /** At most 0.6 of the local light arrives. */
  readonly shadow: Uint8Array;
  /** Light beyond the local: a quarter more, and at least 0.04. */
  readonly highlight: Uint8Array;
  /** The rest of the face. */
  readonly plain: Uint8Array;
}

/** Means over the pixels of a face within one pixel of each: what is left of the path tracer's noise is less. */
function smoothed(values: ArrayLike<number>, mask: ArrayLike<number>, size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, p) => {
    let [sum, count] = [0, 0];
    for (let dy = -1; dy <= 1; dy++)
      for (let dx = -1; dx <= 1; dx++) {
        const [x, y] = [(p % size) + dx, Math.floor(p / size) + dy];
        if (x < 0 || y < 0 || x >= size || y >= size || mask[y * size + x] === 0) continue;
        for (let c = 0; c < 3; c++) sum += values[3 * (y * size + x) + c] / 3;
        count++;
      }
    return count === 0 ? 0 : sum / count;
  });
}

/** True shadows and highlights of a face, by I_g against I_l. */
export function effectsOf({ size, image, radiance = image, albedo, normals, light, mask }: FaceMaps): Effects {
  const [arrived, local] = [radiance, localImage(albedo, normals, light)].map((map) => smoothed(map, mask, size));
  const where = (is: (p: number) => boolean): Uint8Array =>
    Uint8Array.from({ length: size * size }, (_, p) => Number(mask[p] !== 0 && is(p)));
  const shadow = where((p) => arrived[p] < 0.6 * local[p]);
  const highlight = where((p) => arrived[p] > Math.max(1.25 * local[p], local[p] + 0.04));
  return { shadow, highlight, plain: where((p) => shadow[p] === 0 && highlight[p] === 0) };
}
