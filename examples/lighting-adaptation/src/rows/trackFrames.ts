import { join } from 'node:path';
import { ChiaroError } from '@chiaro/autograd';
import { openPhotoClip } from '../clips/photoClip.js';
import type { Experiment, Learned } from '../experiment.js';
import { saveClipAnimation } from '../figures/clipAnimation.js';
import { saveClipFigure } from '../figures/clipFigure.js';
import type { RegistrationState } from '../registration/registerClip.js';
import { litSubject } from './litSubject.js';
import { registerInFolder, type RowRegistration } from './registerRow.js';
import { rows, type RowName } from './rows.js';

/** A folder of frames, and how it is tracked. */
export interface FramesJob extends Pick<RowRegistration, 'onProgress' | 'signal'> {
  readonly frames: string;
  /** Of the camera, in pixels of the files. */
  readonly focal?: number | undefined;
  readonly row: RowName;
  readonly seed: number;
  /** Keeps the registration's state, `relighting.png` and `tracked.webp`. */
  readonly folder: string;
  readonly onFrame?: (done: number, count: number) => void;
}

/**
 * Tracks frames of a camera by the learned avatar, as a row does; landmarks are detected. The avatar is one person's: of
 * somebody else's face it follows pose and expression, and keeps its own looks.
 * @throws FormatError for frames of different sizes; ChiaroError where the first shows no face, or fewer do than the row has
 *   key frames, or the row judges halves.
 */
export async function trackFrames(
  experiment: Experiment,
  learned: Learned,
  { frames, focal, row, seed, folder, onFrame, ...following }: FramesJob,
): Promise<RegistrationState> {
  const plan = rows[row];
  if (plan.keyFrames === 'half')
    throw new ChiaroError(
      `row ${row} adapts on half a clip to judge the other; take k-12 or all for frames of your own`,
    );
  const { clip: sizes, registration } = experiment.preset;
  const { clip, landmarks } = await openPhotoClip(frames, { size: sizes.size, focal, onProgress: onFrame });
  const subject = await litSubject(experiment, learned, clip, plan, seed);
  const keyFrames = plan.keyFrames === 'all' ? landmarks.filter((marks) => marks).length : plan.keyFrames;
  const options = { ...registration, adapt: plan.adapt, keyFrames };
  const state = await registerInFolder(subject, clip, landmarks, options, { folder, ...following });
  const judged = state.heads.flatMap((head, k) => (head ? [k] : []));
  await saveClipFigure(join(folder, 'relighting.png'), subject, { clip, state, judged });
  await saveClipAnimation(join(folder, 'tracked.webp'), subject, clip, state);
  return state;
}
