import { tensor, type Tensor } from '@chiaro/autograd';
import { bytesToLinear } from '@chiaro/render';
import type { Clip } from '../clips/clip.js';
import { adaptLight, type AdaptationOptions } from './adaptation.js';
import { framesToTrack, type FrameLandmarks } from './checkClip.js';
import type { Head } from './heads.js';
import { chooseKeyFrames } from './keyFrames.js';
import { headsOfLandmarks, type LandmarkStepOptions } from './landmarkStep.js';
import type { LitSubject } from './subject.js';
import { FrameTracker, type TrackingOptions } from './tracking.js';

/** How a clip is registered. */
export interface RegistrationOptions {
  /** K */
  readonly keyFrames: number;
  /** Frames that key frames are chosen of; all if not given. */
  readonly keysOf?: readonly number[];
  /** Frames that step 3 tracks; all if not given. */
  readonly tracked?: readonly number[];
  readonly landmarks: LandmarkStepOptions;
  /** False: the light model stays as it is and only the light code is found ("w/o Adapt"). */
  readonly adapt: boolean;
  readonly adaptation: AdaptationOptions;
  readonly tracking: TrackingOptions;
}

/** The paper's numbers; it does not give the weight of the Laplacian, has no prior of codes, and takes all key frames at once. */
export const paperRegistration: RegistrationOptions = {
  keyFrames: 48,
  adapt: true,
  landmarks: { iterations: 1000, rate: 0.1, halveEvery: 500, codePrior: 0 },
  adaptation: {
    rounds: 4,
    light: { iterations: 250, rate: 1e-2 },
    model: { iterations: 500, rate: 1e-3 },
    ...{ laplacian: 1, codePrior: 0, batch: 48 },
  },
  tracking: { iterations: 1000, rate: 0.1, halveEvery: 500, laplacian: 1, flow: 3, codePrior: 0, batch: 8 },
};

/** What is known of a clip: plain numbers, to be kept after every frame and gone on from. */
export interface RegistrationState {
  /** Step 1's heads, one for each frame; null where no face was found. */
  readonly initial: readonly (Head | null)[];
  /** Step 2's: frames, code, and the light model's parameters in their order. */
  readonly adapted?: {
    readonly keys: readonly number[];
    readonly light: readonly number[];
    readonly model: readonly (readonly number[])[];
  };
  /** Step 3's heads: null where a frame is not tracked, or not yet. */
  readonly heads: readonly (Head | null)[];
}

/** How far it is. */
export interface RegistrationProgress {
  readonly step: 'landmarks' | 'adaptation' | 'tracking';
  /** Iterations, or frames when tracking. */
  readonly done: number;
  readonly total: number;
  /** A second; 0 as long as nothing is known. */
  readonly rate: number;
  /** Seconds left of this step; undefined as long as nothing is known. */
  readonly left: number | undefined;
}

/** What is told, and where it goes on. */
export interface RegistrationRun {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RegistrationProgress) => void;
  /** After each step and each batch of frames; awaited. */
  readonly onState?: (state: RegistrationState) => Promise<void> | void;
  /** What `onState` gave last. */
  readonly resume?: RegistrationState;
}

/**
 * The paper's registration of a clip: landmarks (step 1), the light of the clip and the light model by its key frames (step 2),
 * and every frame by pixels and optical flow (step 3). The subject's light model is changed in place.
 * @param landmarks of each frame. @returns the last state, with a head for each frame that is to be tracked and shows a face.
 * @throws what `framesToTrack` says about the clip; the signal's reason.
 */
export async function registerClip(
  subject: LitSubject,
  clip: Clip,
  landmarks: FrameLandmarks,
  options: RegistrationOptions,
  { signal, onProgress, onState, resume }: RegistrationRun = {},
): Promise<RegistrationState> {
  const seen = framesToTrack(clip, landmarks, options.keyFrames);
  const photo = (frame: number): Tensor => tensor(bytesToLinear(clip.frames[frame].bytes), [clip.size, clip.size, 3]);
  const clock = (step: RegistrationProgress['step'], total: number, first = 0) => {
    const start = Date.now();
    return (done: number): void => {
      const rate = (1000 * (done - first)) / Math.max(1, Date.now() - start);
      onProgress?.({ step, done, total, rate, left: rate > 0 ? (total - done) / rate : undefined });
    };
  };
  let state: RegistrationState | undefined = resume;
  const keep = async (next: RegistrationState): Promise<RegistrationState> => {
    await onState?.(next);
    return (state = next);
  };

  if (!state) {
    const tell = clock('landmarks', options.landmarks.iterations);
    const marks = seen.map((k) => landmarks[k]!);
    const found = await headsOfLandmarks(subject, marks, options.landmarks, { signal, onStep: tell });
    const initial = clip.frames.map((_, k) => (landmarks[k] ? found[seen.indexOf(k)] : null));
    state = await keep({ initial, heads: clip.frames.map(() => null) });
  }

  const { initial } = state;
  const parameters = subject.light.parameters();
  if (!state.adapted) {
    const among = options.keysOf ? seen.filter((k) => options.keysOf!.includes(k)) : seen;
    const chosen = chooseKeyFrames(
      among.map((k) => initial[k]!),
      options.keyFrames,
    );
    const keys = chosen.map((k) => among[k]);
    const { rounds, light, model } = options.adaptation;
    const adaptation = options.adapt
      ? options.adaptation
      : { ...options.adaptation, model: { ...model, iterations: 0 } };
    const tell = clock('adaptation', rounds * (light.iterations + adaptation.model.iterations));
    const photos = keys.map(photo);
    const found = await adaptLight(
      subject,
      photos,
      keys.map((k) => initial[k]!),
      adaptation,
      { signal, onStep: tell },
    );
    for (const picture of photos) picture.dispose();
    const learned = await Promise.all(parameters.map(async (p) => Array.from((await p.data()) as Float32Array)));
    state = await keep({ ...state, adapted: { keys, light: Array.from(found.light), model: learned } });
  } else {
    const { model } = state.adapted;
    parameters.forEach((p, k) => p.assign(tensor(Float32Array.from(model[k]), p.shape)));
  }

  const wanted = options.tracked ? seen.filter((k) => options.tracked!.includes(k)) : seen;
  const open = wanted.filter((k) => !state!.heads[k]);
  if (open.length === 0) return state;
  const before = wanted.length - open.length;
  const tell = clock('tracking', wanted.length, before);
  const { batch } = options.tracking;
  const tracker = new FrameTracker(subject, Float32Array.from(state.adapted!.light), options.tracking);
  for (let from = 0; from < open.length; from += batch) {
    const some = open.slice(from, from + batch);
    const pictures = some.map(photo);
    const { heads } = await tracker.track(
      some.map((k) => initial[k]!),
      pictures,
      { signal },
    );
    for (const picture of pictures) picture.dispose();
    const found = new Map(some.map((k, i) => [k, heads[i]]));
    state = await keep({ ...state, heads: state.heads.map((old, k) => found.get(k) ?? old) });
    tell(before + from + some.length);
  }
  return state;
}
