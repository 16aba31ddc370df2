import { Draws, type LightMap, type LightMaps } from '@chiaro/faces';

const [height, width] = [64, 128];

/**
 * A map of light from all around that is no smooth thing: a room with a floor and a ceiling, spotted walls, one to three
 * windows with sharp edges, up to three lamps. Most of the light comes through
 * the windows, so that faces have shadows.
 */
function roomMap(draws: Draws): LightMap {
  const colour = (grey: number, strength: number): number[] => {
    const warmth = draws.between(-strength, strength);
    return [grey * (1 + warmth), grey * (1 + 0.3 * draws.between(-strength, strength)), grey * (1 - warmth)];
  };
  const floor = colour(draws.between(0.02, 0.08), 0.4);
  const wall = colour(draws.between(0.04, 0.15), 0.35);
  const ceiling = colour(draws.between(0.06, 0.25), 0.2);
  const spots = Array.from({ length: 6 }, () => [draws.whole(1, 9), draws.whole(1, 7), draws.between(0, 7)]);
  // middle and half sizes in radians, and radiance
  const shine = (bright: number, sizes: readonly [number, number], low: number) => ({
    azimuth: draws.between(-Math.PI, Math.PI),
    altitude: draws.between(low, 1),
    sizes: [draws.between(...sizes), draws.between(...sizes)],
    radiance: colour(bright, 0.35),
  });
  const windows = Array.from({ length: draws.whole(1, 3) }, () => shine(draws.between(3, 10), [0.25, 0.6], -0.1));
  const lamps = Array.from({ length: draws.whole(0, 3) }, () => shine(draws.between(10, 40), [0.06, 0.14], 0.2));
  const data = new Float32Array(3 * height * width);
  for (let t = 0; t < height * width; t++) {
    const altitude = Math.PI * (0.5 - (Math.floor(t / width) + 0.5) / height);
    const azimuth = 2 * Math.PI * (((t % width) + 0.5) / width - 0.5);
    const pattern = spots.reduce(
      (sum, [a, b, phase]) => sum + Math.sin(a * azimuth + phase) * Math.sin(b * altitude),
      0,
    );
    const ground = altitude < -0.35 ? floor : altitude > 0.6 ? ceiling : wall;
    let radiance: readonly number[] = ground.map((x) => x * (1 + 0.15 * pattern));
    for (const shining of [...windows, ...lamps]) {
      const around = Math.abs(((azimuth - shining.azimuth + 3 * Math.PI) % (2 * Math.PI)) - Math.PI);
      if (around < shining.sizes[0] && Math.abs(altitude - shining.altitude) < shining.sizes[1])
        radiance = shining.radiance;
    }
    for (let c = 0; c < 3; c++) data[3 * t + c] = Math.max(0, radiance[c]);
  }
  return { height, width, data };
}

/** Some rooms by names: `room-SEED-0` and so on. */
export const roomMaps = (count: number, seed: number): LightMaps =>
  Object.fromEntries(
    Array.from({ length: count }, (_, k) => [`room-${seed}-${k}`, roomMap(new Draws(seed, 0x726f, k))]),
  );
