import { ShapeError } from '../engine.js';
import { boxAround, type Box } from '../landmarks/box.js';
import { landmarkCount } from '../landmarks/points68.js';

/**
 * A rectangle of a picture in the picture's pixels, x to the right and y downwards; (0, 0) is the outer corner of the
 * first pixel, whose centre is at (0.5, 0.5). It may begin between pixels and reach beyond the picture.
 */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A square around a face, in parts of the longer side of the box around the face's landmarks or mask. */
export interface CropRule {
  /** The square's side. */
  readonly margin: number;
  /** How far the square's middle lies above the box's: landmarks end at the brows, a face does not. */
  readonly raised: number;
  /** Numbers of the landmarks (0 to 67) that do not count; none if not given. */
  readonly leftOut?: readonly number[];
}

/** Where a square may lie. */
export interface CropOptions {
  /**
   * The picture that it must lie in, in pixels: the square is then moved into it, is no larger than it, and begins and
   * ends between whole pixels. If not given, it lies where its rule says.
   */
  readonly within?: { readonly width: number; readonly height: number };
}

/**
 * The square around a face's landmarks.
 * @param landmarks [68 * 2] x and y, downwards, in pixels or any other unit without `within`; for a square around
 *   several faces, or one face of several pictures, theirs one behind the other.
 * @throws ShapeError for other numbers of landmarks, and for such as span no area.
 *
 * @example
 * const crop = cropAroundLandmarks(landmarks, cropRules.inverseFaceNet);
 * const { data } = resample(photo.image, crop, 240, 240); // [240 * 240 * 3]
 */
export function cropAroundLandmarks(landmarks: ArrayLike<number>, rule: CropRule, { within }: CropOptions = {}): Crop {
  const count = landmarks.length / 2;
  if (count === 0 || count % landmarkCount !== 0)
    throw new ShapeError(
      `cropAroundLandmarks: takes 68 pairs of x and y for each face, got ${landmarks.length} numbers`,
    );
  const { leftOut = [] } = rule;
  const counted =
    leftOut.length === 0
      ? landmarks
      : Array.from(landmarks).filter((_, i) => !leftOut.includes(Math.floor(i / 2) % landmarkCount));
  return squareAround('cropAroundLandmarks', boxAround(counted), rule, within);
}

/**
 * The square around a face's mask, whose box ends at the outer edges of its pixels.
 * @param mask [height * width] above 0 on the face.
 * @throws ShapeError for a mask of another size, and for one without a face.
 */
export function cropAroundMask(
  mask: ArrayLike<number>,
  { width, height }: { readonly width: number; readonly height: number },
  rule: Pick<CropRule, 'margin' | 'raised'>,
  { within }: CropOptions = {},
): Crop {
  if (mask.length !== width * height)
    throw new ShapeError(`cropAroundMask: ${mask.length} numbers are no mask of ${width} x ${height} pixels`);
  const corners: number[] = [];
  for (let y = 0; y < height; y++) {
    const row = Array.from({ length: width }, (_, x) => mask[y * width + x] > 0);
    if (row.includes(true)) corners.push(row.indexOf(true), y, row.lastIndexOf(true) + 1, y + 1);
  }
  if (corners.length === 0) throw new ShapeError('cropAroundMask: no pixel of the mask is on a face');
  return squareAround('cropAroundMask', boxAround(corners), rule, within);
}

function squareAround(
  op: string,
  { x, y, width, height }: Box,
  { margin, raised }: CropRule,
  within: CropOptions['within'],
): Crop {
  const longer = Math.max(width, height);
  const side = longer * margin;
  if (!(side > 0 && side < Infinity))
    throw new ShapeError(`${op}: there is no square of margin ${margin} around a face of ${width} x ${height} pixels`);
  const middle = [x + width / 2, y + height / 2 - longer * raised];
  if (!within) return { left: middle[0] - side / 2, top: middle[1] - side / 2, width: side, height: side };
  const size = Math.round(Math.min(side, within.width, within.height));
  const moved = (centre: number, whole: number): number =>
    Math.round(Math.min(Math.max(centre - size / 2, 0), whole - size));
  return { left: moved(middle[0], within.width), top: moved(middle[1], within.height), width: size, height: size };
}
