import { ShapeError } from '../engine.js';
import type { Camera } from '../camera/index.js';
import { develop } from './film.js';
import type { PathTraced } from './film.js';
import { traceCall } from './pathTrace.js';
import type { PathTraceOptions } from './pathTrace.js';
import { filmProgram } from './programs.js';
import type { Scene } from './scene.js';

/** Choices of `prbBasic`. */
export type PrbBasicOptions = Pick<PathTraceOptions, 'spp' | 'depth' | 'seed' | 'generator'>;

/**
 * The image and the gradients of `pathTrace` by the plainest estimator there is: paths from the camera that meet lights by
 * chance, in directions that lobes draw. No light is sampled, nothing is combined or stratified, no roulette ends a path.
 * It shares the derivatives by path replay (Vicini et al. 2021) with `pathTrace`, and none of the ways to find light: read it
 * first (`basicSteps.ts`), and hold the other against it. Slow to converge where lights are small.
 *
 * @param options `depth` counts the segments of a path as in `pathTrace`: 1 shows what shines, 2 (default) adds direct light.
 * @returns Image [H, W, 3], linear RGB, and mask [H, W].
 * @throws ShapeError for lights that nothing meets by chance: points and parallel light.
 */
export function prbBasic(scene: Scene, camera: Camera, options: PrbBasicOptions = {}): PathTraced {
  const unmet = scene.emitters?.find(({ type }) => type === 'point' || type === 'directional');
  if (unmet) {
    throw new ShapeError(
      `prbBasic: no path meets a ${unmet.type} light by chance; use environment, areaLight or sphereLight, or pathTrace`,
    );
  }
  const { packed, inputs, numbers } = traceCall(scene, camera, options);
  const program = filmProgram({ ...packed.structure, basic: true }, packed.needs);
  const film = program(inputs, { ...numbers, turns: options.depth ?? 2 });
  return develop(film, { samples: numbers.toSample, batches: 1, ...camera.size });
}
