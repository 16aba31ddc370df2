import type { FaceMaps } from '../data/faceMaps.js';
import { localImage } from '../data/formation.js';

/** Pixels of a side. */
export const ballSize = 24;

/** A light from above on the right over an even one, [27]. */
export const ballLight = Float32Array.from(
  { length: 27 },
  (_, k) => [3, 0.5, 0.3, 0.6, 0.1, 0, -0.1, 0.05, 0.1][Math.floor(k / 3)],
);

/**
 * A ball with a grey to red albedo whose left third lies in a shadow that takes half of the light, as a face whose truth is
 * known without rendering.
 */
export function ball(light: ArrayLike<number> = ballLight): FaceMaps {
  const pixels = ballSize ** 2;
  const maps = {
    albedo: new Float32Array(3 * pixels),
    normals: new Float32Array(3 * pixels),
    mask: new Uint8Array(pixels),
  };
  for (let p = 0; p < pixels; p++) {
    const [x, y] = [((p % ballSize) - 11.5) / 11, (11.5 - Math.floor(p / ballSize)) / 11];
    if (x * x + y * y >= 0.95) continue;
    maps.mask[p] = 1;
    maps.normals.set([x, y, Math.sqrt(1 - x * x - y * y)], 3 * p);
    maps.albedo.set([0.5 + 0.3 * x, 0.3 + 0.1 * y, 0.25], 3 * p);
  }
  const image = localImage(maps.albedo, maps.normals, light).map((v, i) =>
    Math.floor(i / 3) % ballSize < ballSize / 3 ? v / 2 : v,
  );
  return { size: ballSize, image, light, landmarks: new Float32Array(136), labels: {}, ...maps };
}
