import { ChiaroError } from '../../engine.js';
import { configFor } from '../config.js';
import { fitFaces } from '../fitFaces.js';
import type { FitFacesOptions } from '../fitFaces.js';
import { yawOf } from '../pose/rotation.js';
import type { LandmarkFit } from '../pose/solveLandmarks.js';
import type { FitResult } from '../types.js';
import { checkLandmarks, FrameReader, ofFrame } from './frameReader.js';
import type { FrameLeftOut, FrameSource } from './frameReader.js';
import type { FittedFrame } from './frameState.js';
import { FrameTracker, startOf } from './frameTracker.js';
import type { FrameExpectations, FramePerson, FrameStart, ReadFrame } from './frameTracker.js';
import { chooseKeys } from './keyFrames.js';
import { checkSmoothness, expectedAt, smoothed, usualSmoothness } from './smoothness.js';
import type { FrameSmoothness, TimedValues } from './smoothness.js';

/** What `fitFrames` takes. `budgetSeconds` is for the shape of the person; what a frame takes is set by the steps. */
export interface FitFramesOptions extends FitFacesOptions {
  readonly smoothness?: Partial<FrameSmoothness>;
  /** Frames that shape and albedo are found from, spread over the turns of the head (default 3). */
  readonly keyFrames?: number;
  /** Steps of a frame on the way forwards, and with its neighbours on both sides known (default 20 and 15). */
  readonly steps?: readonly [number, number];
  /** Shadows are found anew after so many frames (default 3). */
  readonly relightEvery?: number;
  /** Frames that an earlier call with the same frames and options found. */
  readonly known?: readonly FittedFrame[];
  /** Told of every frame as it is found, twice for each; the fit waits for it. What it was told is `known` to a later call. */
  readonly onFrame?: (frame: FittedFrame) => Promise<void> | void;
}

/** A clip of one person. */
export interface FittedFrames {
  /** Results of the key frames, of which the first shows the face most from the front: shape, albedo, textures are for all. */
  readonly person: readonly FitResult[];
  /** Pixels of the frames. */
  readonly width: number;
  readonly height: number;
  /** Focal length of all frames in pixels; the principal point is the middle. */
  readonly focal: number;
  /** In the order of the clip. */
  readonly frames: readonly FittedFrame[];
  readonly leftOut: readonly FrameLeftOut[];
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/** A result's numbers of a name, as many as the model has. */
function numbersOf({ parameters }: FitResult, name: string, count: number): Float32Array {
  const values = parameters.find((p) => p.name === name)?.values ?? [];
  return Float32Array.from({ length: count }, (_, k) => values[k] ?? 0);
}

/**
 * Reconstructs one person's face from the frames of a clip, in their order. Shape, albedo and textures are found from a few
 * key frames by `fitFaces` and are one for all; so is the focal length. Pose, expression and light of every frame are then
 * found from the frame before it: by its landmarks on the host, and by some vertex-based steps of Adam. What all frames say is
 * then smoothed at once, and a second way through the clip makes more such steps, in which the differences over time to the
 * neighbours on both sides, of `smoothness`, are terms like any other.
 *
 * A frame that cannot be read, is of another size than the first, shows no face, or one in profile, is told (`onNote`) and
 * left out; differences then reach over it. What `onFrame` was told, given back as `known` (with the last checkpoint as
 * `resume`), lets a later call go on where an earlier one was ended, with the same result.
 *
 * @throws ChiaroError for no frames, smoothness that is no standard deviation, and a clip without any face.
 *
 * @example
 * const frames = paths.map((path) => ({ name: path, read: () => loadPhoto(path) }));
 * const clip = await fitFrames(frames, { model: await loadFaceModel(), budgetSeconds: 480, seed: 1 });
 * console.log(clip.frames.map(({ rotation }) => rotation)); // radians, frame by frame
 */
export async function fitFrames(frames: readonly FrameSource[], options: FitFramesOptions): Promise<FittedFrames> {
  const { model, signal, onProgress, onFrame, known = [], keyFrames = 3, steps = [20, 15], relightEvery = 3 } = options;
  const { config = configFor(options.budgetSeconds) } = options;
  if (frames.length === 0) throw new ChiaroError('fitFrames: there is no frame; give one or more');
  for (const [name, value] of Object.entries({ keyFrames, steps: Math.min(...steps), relightEvery }))
    if (!Number.isInteger(value) || value < 1)
      throw new ChiaroError(`fitFrames: ${name} must be a whole number of at least 1, got ${value}`);
  const smoothness = { ...usualSmoothness, ...options.smoothness };
  checkSmoothness(smoothness);
  const bands = 3 * config.light.bands ** 2;
  for (const { name, expression, light } of known)
    if (expression.length !== model.blendshapeCount || light.length !== bands)
      throw new ChiaroError(
        `fitFrames: the known frame ${name} has ${expression.length} weights and ${light.length} numbers of light; ` +
          `this model and schedule have ${model.blendshapeCount} and ${bands}`,
      );
  const reader = new FrameReader(frames, options, known);

  const keys = await chooseKeys(reader, keyFrames, options);
  const plain = { ...config, render: { ...config.render, lights: 0, frames: 0 } };
  const person = await fitFaces(keys, { ...options, config: plain });
  const shared: FramePerson = {
    identity: numbersOf(person[0], 'identity', Math.min(config.identityModes, model.identityCount)),
    albedo: numbersOf(person[0], 'albedo', Math.max(model.albedoCount, 1)),
    tint: numbersOf(person[0], 'tint', 2),
    focal: median(person.map((result) => numbersOf(result, 'camera.focal', 1)[0])),
  };
  const tracker = new FrameTracker(model, shared, config);

  const found = new Map(known.map((frame) => [frame.index, frame]));
  const expected = (index: number, ambient: number): FrameExpectations => {
    const of = (name: 'rotation' | 'translation' | 'expression' | 'light', order: 1 | 2, sigma: number) => {
      const about = nearest(found, index, found.get(index) !== undefined);
      const neighbours = about.map((frame): TimedValues => ({ time: frame.index, values: frame[name] }));
      return expectedAt(index, neighbours, order, sigma);
    };
    return {
      rotation: of('rotation', 2, smoothness.rotation),
      translation: of('translation', 2, smoothness.translation),
      expression: of('expression', 2, smoothness.expression),
      light: of('light', 1, smoothness.light * ambient),
    };
  };
  const told = async (frame: FittedFrame): Promise<void> => {
    found.set(frame.index, frame);
    await onFrame?.(frame);
  };
  /** Where the shadows that hold were found; a new way through the clip finds its own. */
  let shadowsOf: number | undefined;
  const shade = async (index: number): Promise<void> => {
    const [source] = nearest(found, index - (index % relightEvery), false).slice(-1);
    const from = source ?? found.get(Math.min(...found.keys())); // for the first few frames, the very first
    if (!from || from.index === shadowsOf) return;
    const frame = await reader.read(from.index);
    if (frame) await tracker.relight(frame, source ?? (await lit(frame)));
    shadowsOf = from.index;
  };

  for (const pass of ['forwards', 'both'] as const) {
    const ahead = pass === 'both';
    const detail = ahead ? 'frames, with those before and after' : 'frames, one after the other';
    const begun = performance.now();
    shadowsOf = undefined;
    let done = 0;
    const ready = (index: number): boolean => {
      const frame = found.get(index);
      return reader.leftOut.has(index) || frame?.pass === 'both' || (!ahead && frame !== undefined);
    };
    if (ahead) smoothAll(found, smoothness);
    const total = frames.filter((_, index) => !ready(index)).length;
    onProgress?.({ stage: 'model', detail, step: frames.length - total, steps: frames.length, rate: 0 });
    for (const index of frames.keys()) {
      if (ready(index)) continue;
      signal?.throwIfAborted();
      const [before] = nearest(found, index, false).slice(-1);
      const frame = await reader.read(index, before?.landmarks);
      if (frame) {
        try {
          const at = found.get(index);
          const next = at ? await again(frame, at) : await forwards(frame, before);
          const alone = at?.alone ?? {
            rotation: next.rotation,
            translation: next.translation,
            expression: next.expression,
          };
          await told({ index, name: frame.name, landmarks: Array.from(frame.landmarks), ...next, alone, pass });
        } catch (error) {
          if (!ofFrame(error, signal)) throw error;
          reader.leave(index, error);
        }
      }
      done++;
      const rate = (1000 * done) / (performance.now() - begun);
      const step = frames.length - total + done;
      onProgress?.({ stage: 'model', detail, step, steps: frames.length, rate, etaSeconds: (total - done) / rate });
    }
  }

  /** A frame after those before it. */
  async function forwards(frame: ReadFrame, before: FittedFrame | undefined): Promise<TrackedFrame> {
    const first = before ?? (await lit(frame));
    await shade(frame.index);
    const posed = tracker.pose(frame, before);
    checkPosed(posed);
    const { light } = expected(frame.index, first.ambient);
    return tracker.fit(frame, { ...first, ...startOf(posed) }, { expected: { light }, steps: steps[0] });
  }

  /** A frame between its neighbours. */
  async function again(frame: ReadFrame, at: FittedFrame): Promise<TrackedFrame> {
    await shade(frame.index);
    return tracker.fit(frame, at, { expected: expected(frame.index, at.ambient), steps: steps[1] });
  }

  /** The start of a clip: pose by landmarks, light by what the frame shows. */
  async function lit(frame: ReadFrame): Promise<FrameStart> {
    const posed = tracker.pose(frame);
    checkPosed(posed);
    const dark = { light: new Array<number>(3 * config.light.bands ** 2).fill(0), ambient: 1 };
    const start = { ...startOf(posed), ...dark };
    return { ...start, ...(await tracker.relight(frame, start)) };
  }

  function checkPosed(posed: LandmarkFit): void {
    checkLandmarks(posed);
    const yaw = Math.abs(yawOf(posed.pose.rotation));
    if (yaw > 1.25 * config.pose.largestYaw)
      throw new ChiaroError(`the head is turned away by ${Math.round((yaw * 180) / Math.PI)} degrees`);
  }

  if (found.size === 0) throw new ChiaroError('fitFrames: no frame shows a face that can be fitted');
  const [width, height] = reader.size;
  return {
    ...{ person, width, height, focal: shared.focal },
    frames: [...found.values()].sort((a, b) => a.index - b.index),
    leftOut: [...reader.leftOut.values()].sort((a, b) => a.index - b.index),
  };
}

/** What the tracker finds of a frame. */
type TrackedFrame = Awaited<ReturnType<FrameTracker['fit']>>;

/** Sets the frames that only followed those before them to what all frames together say. */
function smoothAll(found: Map<number, FittedFrame>, { rotation, translation, expression }: FrameSmoothness): void {
  const all = [...found.values()].sort((a, b) => a.index - b.index);
  const track = (name: keyof FittedFrame['alone'], sigma: number): Float64Array[] =>
    smoothed(
      all.map((frame) => ({ time: frame.index, values: frame.alone[name] })),
      sigma,
    );
  const [turns, places, weights] = [
    track('rotation', rotation),
    track('translation', translation),
    track('expression', expression),
  ];
  all.forEach((frame, k) => {
    if (frame.pass === 'both') return;
    const inRange = Array.from(weights[k], (w) => Math.min(1, Math.max(0, w)));
    const values = { rotation: Array.from(turns[k]), translation: Array.from(places[k]), expression: inRange };
    found.set(frame.index, { ...frame, ...values });
  });
}

/** The two frames before a frame, and with `ahead` the two after it. */
function nearest(found: ReadonlyMap<number, FittedFrame>, index: number, ahead: boolean): FittedFrame[] {
  const all = [...found.values()].sort((a, b) => a.index - b.index);
  const before = all.filter((frame) => frame.index < index).slice(-2);
  return ahead ? [...before, ...all.filter((frame) => frame.index > index).slice(0, 2)] : before;
}
