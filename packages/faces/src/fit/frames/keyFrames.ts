import { ChiaroError } from '../../engine.js';
import { configFor } from '../config.js';
import type { FitFacesOptions } from '../fitFaces.js';
import { modelPoints } from '../pose/modelPoints.js';
import { yawOf } from '../pose/rotation.js';
import { solveLandmarks } from '../pose/solveLandmarks.js';
import { checkLandmarks, ofFrame } from './frameReader.js';
import type { FrameReader } from './frameReader.js';
import type { ReadFrame } from './frameTracker.js';

/**
 * Frames to find the person from: of twice as many and one, spread over the clip, those spread evenly over the turns of the
 * head. The one that looks at the camera most comes first.
 */
export async function chooseKeys(
  reader: FrameReader,
  count: number,
  { model, config, budgetSeconds, onProgress, signal }: FitFacesOptions,
): Promise<ReadFrame[]> {
  const { pose, identityModes } = config ?? configFor(budgetSeconds);
  // as many as the fit of the key frames has, which must not find another turn and refuse it
  const points = modelPoints(model.data, identityModes);
  const total = reader.sources.length;
  const tries = Math.min(total, 2 * count + 1);
  const seen: { readonly frame: ReadFrame; readonly yaw: number }[] = [];
  const detail = 'key frames';
  const look = async (index: number): Promise<void> => {
    signal?.throwIfAborted();
    const frame = await reader.read(index);
    if (!frame) return;
    try {
      const { photo, landmarks } = frame;
      const fit = solveLandmarks(points, Float64Array.from(landmarks), [photo.width / 2, photo.height / 2], pose);
      checkLandmarks(fit);
      const yaw = yawOf(fit.pose.rotation);
      if (Math.abs(yaw) < 0.9 * pose.largestYaw) seen.push({ frame, yaw });
    } catch (error) {
      if (!ofFrame(error, signal)) throw error;
      reader.leave(index, error);
    }
  };
  for (let k = 0; k < tries; k++) {
    onProgress?.({ stage: 'detect', detail, step: k, steps: tries, rate: 0 });
    await look(Math.round((k * (total - 1)) / Math.max(1, tries - 1)));
  }
  onProgress?.({ stage: 'detect', detail, step: tries, steps: tries, rate: 0 });
  // where none of those can be fitted, the first frame that can
  for (let index = 0; index < total && seen.length === 0; index++) await look(index);
  if (seen.length === 0) throw new ChiaroError('fitFrames: no frame shows a face that can be fitted');
  seen.sort((a, b) => a.yaw - b.yaw);
  const taken = Math.min(count, seen.length);
  const places = Array.from({ length: taken }, (_, k) =>
    taken === 1 ? -1 : Math.round((k * (seen.length - 1)) / (taken - 1)),
  );
  const chosen = taken === 1 ? seen : places.map((place) => seen[place]);
  const frontal = [...chosen].sort((a, b) => Math.abs(a.yaw) - Math.abs(b.yaw)).slice(0, taken);
  return frontal.map(({ frame }) => frame);
}
