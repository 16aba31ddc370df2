import { evaluateSHHost, lobeCoefficients, shBands } from '../engine.js';

/** A light to show a face under. */
export interface StudioLight {
  /** For people. */
  readonly label: string;
  /** [81 * 3] SH coefficients of radiance in the camera's frame. */
  readonly sh: Float32Array;
}

/** A soft lamp: where it is seen from the face (camera's frame), its irradiance on a surface that faces it, its sharpness. */
interface Lamp {
  readonly direction: readonly [number, number, number];
  readonly colour: readonly [number, number, number];
  /** k of exp(k (cos - 1)). */
  readonly sharpness: number;
}

function lightOf(ambient: readonly [number, number, number], lamps: readonly Lamp[]): Float32Array {
  const sh = new Float32Array(243);
  ambient.forEach((radiance, c) => (sh[c] = radiance * Math.sqrt(4 * Math.PI)));
  const bands = shBands(8);
  for (const { direction, colour, sharpness } of lamps) {
    const lobe = (z: number): number => Math.exp(sharpness * (z - 1));
    const moments = lobeCoefficients(lobe, 8, true);
    const length = Math.hypot(...direction);
    const y = evaluateSHHost(direction.map((d) => d / length));
    // a lamp of radiance lobe(z) about its direction gives roughly moments[1] on a surface that faces it
    y.forEach((value, k) => {
      for (let c = 0; c < 3; c++) sh[3 * k + c] += (colour[c] / moments[1]) * moments[bands[k]] * value;
    });
  }
  return sh;
}

const key = (x: number, y: number, z: number, colour: Lamp['colour'], sharpness = 20): Lamp => ({
  direction: [x, y, z],
  colour,
  sharpness,
});

/** Six lights: even, from either side, from above, in two colours, from behind. */
export const studioLights = (): readonly StudioLight[] => [
  { label: 'even', sh: lightOf([0.9, 0.9, 0.9], []) },
  { label: 'key left', sh: lightOf([0.12, 0.12, 0.13], [key(-1, 0.6, 0.7, [2.6, 2.5, 2.3])]) },
  { label: 'key right', sh: lightOf([0.12, 0.12, 0.13], [key(1, 0.6, 0.7, [2.6, 2.5, 2.3])]) },
  { label: 'overhead', sh: lightOf([0.15, 0.16, 0.18], [key(0, 1, 0.35, [3, 2.9, 2.7])]) },
  {
    label: 'warm and cold',
    sh: lightOf([0.1, 0.1, 0.12], [key(-1, 0.3, 0.6, [2.4, 1.4, 0.6]), key(1, 0.3, 0.5, [0.4, 1, 2.2])]),
  },
  {
    label: 'rim',
    sh: lightOf([0.2, 0.2, 0.22], [key(-0.9, 0.4, -0.6, [3, 3, 3.2]), key(0.9, 0.4, -0.6, [3, 2.8, 2.4])]),
  },
];
