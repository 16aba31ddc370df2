import { ChiaroError, DeviceError, tensor } from '../../engine.js';
import { detectLandmarks } from '../../landmarks/detectLandmarks.js';
import type { DetectedFace } from '../../landmarks/detectFaces.js';
import { findFaces } from '../../landmarks/findFaces.js';
import type { Photo } from '../../photo/photo.js';
import type { LandmarkFit } from '../pose/solveLandmarks.js';
import type { FitOptions } from '../types.js';
import type { FittedFrame } from './frameState.js';
import type { ReadFrame } from './frameTracker.js';

/** One frame of a clip, read when it is needed: long clips do not fit into memory. */
export interface FrameSource {
  /** For messages; unique in the clip. */
  readonly name: string;
  /** @throws ChiaroError for a file that is no picture: the frame is then left out. */
  readonly read: () => Promise<Photo>;
  /** [68 * 2] landmarks in pixels of the photograph, if they are known; detected otherwise. */
  readonly landmarks?: ArrayLike<number>;
}

/** A frame without a result, and why. */
export interface FrameLeftOut {
  readonly index: number;
  readonly name: string;
  readonly reason: string;
}

/** What is wrong with a frame alone does not end the clip; a lost GPU and an interrupt do. */
export const ofFrame = (error: unknown, signal?: AbortSignal): error is ChiaroError =>
  !signal?.aborted && error instanceof ChiaroError && !(error instanceof DeviceError);

/** Landmarks of faces lie within some hundredths of the distance of the eyes of where a fitted head has them, others far off. */
const largestLandmarkError = 0.1;

/** @throws ChiaroError for landmarks that no head explains: the detector took something else for a face. */
export function checkLandmarks({ relativeRms }: Pick<LandmarkFit, 'relativeRms'>): void {
  if (relativeRms > largestLandmarkError)
    throw new ChiaroError(
      `its landmarks are not those of a face: they err by ${Math.round(100 * relativeRms)} % of the distance of the eyes`,
    );
}

/** The frames of a clip as they are read: the same size and the same face, or a reason why not. */
export class FrameReader {
  readonly leftOut = new Map<number, FrameLeftOut>();
  readonly #landmarks = new Map<number, ArrayLike<number>>();
  #size?: readonly [width: number, height: number];

  constructor(
    readonly sources: readonly FrameSource[],
    private readonly options: Pick<FitOptions, 'signal' | 'onNote'>,
    known: readonly FittedFrame[],
  ) {
    for (const { index, landmarks } of known) this.#landmarks.set(index, landmarks);
  }

  get size(): readonly [number, number] {
    return this.#size!;
  }

  /** @returns undefined for a frame that is left out, after a note. @param near landmarks of a frame near it. */
  async read(index: number, near?: ArrayLike<number>): Promise<ReadFrame | undefined> {
    if (this.leftOut.has(index)) return undefined;
    const { name, read, landmarks } = this.sources[index];
    try {
      const photo = await read();
      const { width, height } = photo;
      this.#size ??= [width, height];
      const [w, h] = this.#size;
      if (width !== w || height !== h) {
        throw new ChiaroError(
          `it has ${width} x ${height} pixels, the first frame ${w} x ${h}; frames of a clip have one size`,
        );
      }
      const found = landmarks ?? this.#landmarks.get(index) ?? (await landmarksNear(photo, near));
      this.#landmarks.set(index, found);
      return { index, name, photo, landmarks: found };
    } catch (error) {
      if (!ofFrame(error, this.options.signal)) throw error;
      this.leave(index, error);
      return undefined;
    }
  }

  /** Leaves a frame out, with a note. */
  leave(index: number, { message }: Error): void {
    const { name } = this.sources[index];
    const reason = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
    this.leftOut.set(index, { index, name, reason });
    this.options.onNote?.(`${name}: left out: ${reason}`);
  }
}

/** Landmarks of the face next to where one was, or of the largest. @throws ChiaroError if there is none. */
async function landmarksNear(photo: Photo, near?: ArrayLike<number>): Promise<ArrayLike<number>> {
  const image = tensor(photo.image.data, [photo.height, photo.width, 3]);
  const faces = await findFaces(image);
  if (faces.length === 0) throw new ChiaroError('no face was found');
  const area = ({ width, height }: DetectedFace): number => width * height;
  const mean = (c: number): number =>
    Array.from({ length: 68 }, (_, k) => near![2 * k + c] / 68).reduce((a, b) => a + b);
  const middle = near && ([mean(0), mean(1)] as const);
  const cost = (face: DetectedFace): number =>
    middle ? Math.hypot(face.x + face.width / 2 - middle[0], face.y + face.height / 2 - middle[1]) : -area(face);
  return detectLandmarks(
    image,
    faces.reduce((best, face) => (cost(face) < cost(best) ? face : best)),
  );
}
