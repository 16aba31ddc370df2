import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ChiaroError } from '@chiaro/autograd';
import { host } from '@chiaro/tensor/host';
import type { Clip } from '../clips/clip.js';
import { evenly } from '../clips/evenly.js';
import type { FrameLandmarks } from '../registration/checkClip.js';
import {
  registerClip,
  type RegistrationOptions,
  type RegistrationProgress,
  type RegistrationState,
} from '../registration/registerClip.js';
import type { LitSubject } from '../registration/subject.js';
import { firstHeads } from './firstHeads.js';
import type { RowPlan } from './rows.js';

/** How a row is registered. */
export interface RowRegistration {
  /** Keeps the state of the clip after every step. */
  readonly folder: string;
  /** A file that keeps step 1's heads, with which all rows begin. */
  readonly first: string;
  readonly options: Omit<RegistrationOptions, 'keyFrames' | 'adapt' | 'keysOf' | 'tracked'>;
  /** Frames that are judged, evenly spread over the clip. */
  readonly judged: number;
  /** Track all frames, for pictures, and not only those that are judged. */
  readonly everyFrame: boolean;
  readonly onProgress?: ((progress: RegistrationProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A registered clip, and the frames that are to be judged: the same of all rows, and no row's key frames unless all are. */
export interface RegisteredClip {
  readonly clip: Clip;
  readonly state: RegistrationState;
  /** Numbers of `clip`'s frames. */
  readonly judged: readonly number[];
}

/** A clip of frames `from` to `to`. */
const part = (clip: Clip, from: number, to: number): Clip => ({
  ...clip,
  name: `${clip.name}, frames ${from + 1} to ${to}`,
  frames: clip.frames.slice(from, to),
});

/** Registers a clip in its folder, and goes on where a killed run stopped. The subject's light model changes. */
export async function registerInFolder(
  subject: LitSubject,
  clip: Clip,
  landmarks: FrameLandmarks,
  options: RegistrationOptions,
  { folder, onProgress, signal }: Pick<RowRegistration, 'folder' | 'onProgress' | 'signal'>,
  start?: RegistrationState,
): Promise<RegistrationState> {
  const files = { adapted: join(folder, 'adapted.json'), heads: join(folder, 'heads.json') };
  const read = async <T>(file: string): Promise<T | undefined> =>
    existsSync(file) ? (JSON.parse(new TextDecoder().decode(await host.readFile(file))) as T) : undefined;
  const write = (file: string, value: unknown): Promise<void> =>
    host.writeFile(file, new TextEncoder().encode(JSON.stringify(value)));
  const heads = await read<Pick<RegistrationState, 'initial' | 'heads'>>(files.heads);
  const adapted = await read<NonNullable<RegistrationState['adapted']>>(files.adapted);
  const kept = heads ? { ...heads, ...(adapted && { adapted }) } : start;
  if (kept && kept.initial.length !== clip.frames.length)
    throw new ChiaroError(
      `${folder} holds the registration of ${kept.initial.length} frames, ${clip.name} has ${clip.frames.length}; move it away to begin anew`,
    );
  let written = adapted;
  return registerClip(subject, clip, landmarks, options, {
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(kept && { resume: kept }),
    onState: async (state) => {
      // the light model is large, and changes once
      if (state.adapted && state.adapted !== written) await write(files.adapted, (written = state.adapted));
      await write(files.heads, { initial: state.initial, heads: state.heads });
    },
  });
}

/**
 * Registers a clip as a row does. Of `half`, light model and code come from all frames of the first half, and the frames of the
 * second are tracked with them.
 * @throws what `registerClip` does.
 */
export async function registerRow(
  subject: LitSubject,
  clip: Clip,
  plan: RowPlan,
  registration: RowRegistration,
): Promise<RegisteredClip> {
  const { options, folder, first: file, judged: many, everyFrame, signal, onProgress } = registration;
  const count = clip.frames.length;
  const total = options.landmarks.iterations;
  const { landmarks, heads } = await firstHeads(subject, clip, options.landmarks, file, {
    ...(signal && { signal }),
    onStep: (done) => onProgress?.({ step: 'landmarks', done, total, rate: 0, left: undefined }),
  });
  const begun = (initial: typeof heads): RegistrationState => ({ initial, heads: initial.map(() => null) });
  const toTrack = (judged: readonly number[]) => (everyFrame ? {} : { tracked: judged });
  const all = { ...options, adapt: plan.adapt };
  if (plan.keyFrames !== 'half') {
    const judged = evenly(count, many);
    const keysOf = evenly(count, count).filter((k) => plan.keyFrames === 'all' || !judged.includes(k));
    const keyFrames = plan.keyFrames === 'all' ? count : Math.min(plan.keyFrames, keysOf.length);
    const full = { ...all, keyFrames, keysOf, ...toTrack(judged) };
    const state = await registerInFolder(subject, clip, landmarks, full, registration, begun(heads));
    return { clip, state, judged };
  }
  const middle = Math.floor(count / 2);
  const [first, second] = [part(clip, 0, middle), part(clip, middle, count)];
  const before = { ...registration, folder: join(folder, 'first') };
  const { adapted } = await registerInFolder(
    subject,
    first,
    landmarks.slice(0, middle),
    { ...all, keyFrames: middle, tracked: [] },
    before,
    begun(heads.slice(0, middle)),
  );
  const marks = landmarks.slice(middle);
  const start = { ...begun(heads.slice(middle)), adapted: adapted! };
  const judged = evenly(count, many).flatMap((k) => (k < middle ? [] : [k - middle]));
  const later = { ...all, keyFrames: 1, ...toTrack(judged) };
  return { clip: second, state: await registerInFolder(subject, second, marks, later, registration, start), judged };
}
