import { undistorted } from '../camera/distortion.js';
import { planeOfPixel } from '../camera/lens.js';
import { g } from './glue.js';
import { part } from './integrand/steps.js';
import type { Operand } from './integrand/steps.js';
import { cameraRay, lensRay, parallelRay } from './primary.js';
import type { SceneSteps } from './sceneSteps.js';

/** The ray of a place in the image, in pixels; the camera stands first in the scene. */
export function rayThrough({ b, structure, needs }: SceneSteps, pixelAt: Operand): Operand {
  const rowsAt = b.constantCall(g('record'), b.u32(0), b.u32(4), b.u32(8), b.u32(12));
  const rows = b.load(rowsAt, b.option('four'), 4, 4, needs.camera);
  if (structure.lens !== 'distorted') {
    return b.call(structure.lens === 'perspective' ? cameraRay : parallelRay, ...rows, pixelAt);
  }
  const lensAt = b.constantCall(g('record'), b.u32(16), b.u32(20), b.u32(0), b.u32(0));
  const lens = b.load(lensAt, b.option('two'), 2, 4, needs.camera);
  const goal = b.constantCall(planeOfPixel, pixelAt, rows[0]);
  const guess = b.constantCall(undistorted, goal, lens[0], part(lens[1], 'x'));
  return b.call(lensRay, ...rows, ...lens, guess, pixelAt);
}
