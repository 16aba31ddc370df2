/**
 * A video of one head before a camera that stands still, in the camera's frame: it is at the origin, looks along -Z, +Y is up,
 * mm. A point of the head is at rotation * point + translation.
 */
export interface Clip {
  readonly name: string;
  /** Pixels of a side of all frames. */
  readonly size: number;
  /** Focal length in pixels; the principal point is the middle. */
  readonly focal: number;
  readonly frames: readonly ClipFrame[];
}

/** A frame of a clip. */
export interface ClipFrame {
  /** [S * S * 3] 8-bit sRGB, rows from the top. */
  readonly bytes: Uint8Array;
  /** Of rendered clips: what a tracker is to find, and is judged by. */
  readonly truth?: FrameTruth;
}

/** What is true of a rendered frame. */
export interface FrameTruth {
  /** Axis times angle, radians. */
  readonly rotation: readonly [number, number, number];
  /** mm */
  readonly translation: readonly [number, number, number];
  /** [V * 3] mm in the head's frame, vertices as the avatar's. */
  readonly positions: Float32Array;
  /** [68 * 2] pixels of the landmarks, seen or not. */
  readonly landmarks: Float32Array;
  /** [S * S] 1 where the middle of the pixel shows the face proper. */
  readonly mask: Uint8Array;
  /** The same moment from a camera that no tracker sees; only of frames that rows are judged by. */
  readonly unseen?: UnseenView;
}

/** What another camera sees. */
export interface UnseenView {
  /** Camera point = rotation [9, row-major] * (point - position), in the frame of the clip's camera. */
  readonly rotation: readonly number[];
  readonly position: readonly [number, number, number];
  /** [S * S * 3] 8-bit sRGB; size and focal length as the clip's. */
  readonly bytes: Uint8Array;
  /** [S * S] */
  readonly mask: Uint8Array;
}
