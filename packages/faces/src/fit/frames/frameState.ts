/** What was found of one frame of a clip: plain numbers, so that it can be written to a file and read again. */
export interface FittedFrame {
  /** Number in the list of frames, from 0. */
  readonly index: number;
  readonly name: string;
  /** [68 * 2] detected landmarks in pixels of the photograph (Multi-PIE order). */
  readonly landmarks: readonly number[];
  /** [3] axis times angle, radians: camera point = rotation * head point + translation. */
  readonly rotation: readonly number[];
  /** [3] mm */
  readonly translation: readonly number[];
  /** [B] weights of the model's blendshapes in [0, 1]. */
  readonly expression: readonly number[];
  /** [bands^2 * 3] real orthonormal SH coefficients of the light's radiance in the camera's frame, RGB interleaved. */
  readonly light: readonly number[];
  /** Mean coefficient of the light when it was last solved for: its scale. */
  readonly ambient: number;
  /** Mean robust difference to the picture at the vertices, in units of the display's range; see `photometricLoss`. */
  readonly photometric: number;
  /** What the frame said by itself, before its neighbours were asked. */
  readonly alone: Pick<FittedFrame, 'rotation' | 'translation' | 'expression'>;
  /** `forwards`: followed those before it; `both`: and was fitted between its neighbours. */
  readonly pass: 'forwards' | 'both';
}

const lengths = { landmarks: 136, rotation: 3, translation: 3, expression: undefined, light: undefined } as const;

/** Whether a value that was read from a file has the form of a frame: finite numbers, of lengths that are known. */
export function isFittedFrame(value: unknown): value is FittedFrame {
  if (typeof value !== 'object' || value === null) return false;
  const frame = value as Partial<FittedFrame>;
  const alone = frame.alone as Partial<FittedFrame['alone']> | null | undefined;
  const triples: unknown[] = [alone?.rotation, alone?.translation];
  return (
    triples.every((list) => Array.isArray(list) && list.length === 3 && list.every(Number.isFinite)) &&
    Array.isArray(alone?.expression) &&
    alone.expression.length === frame.expression?.length &&
    alone.expression.every(Number.isFinite) &&
    Number.isInteger(frame.index) &&
    typeof frame.name === 'string' &&
    (frame.pass === 'forwards' || frame.pass === 'both') &&
    Number.isFinite(frame.ambient) &&
    Number.isFinite(frame.photometric) &&
    (Object.keys(lengths) as (keyof typeof lengths)[]).every((name) => {
      const list: unknown = frame[name];
      return Array.isArray(list) && list.length === (lengths[name] ?? list.length) && list.every(Number.isFinite);
    })
  );
}
