import { ChiaroError, FormatError, tensor } from '@chiaro/autograd';
import { detectLandmarks, findFaces, loadPhoto, type DetectedFace, type Photo } from '@chiaro/faces';
import { photoList } from '@chiaro/faces/node';
import sharp from 'sharp';
import type { FrameLandmarks } from '../registration/checkClip.js';
import type { Clip, ClipFrame } from './clip.js';
import type { Following } from '../stage/stage.js';

/** How frames of a camera become a clip. */
export interface PhotoClipOptions extends Following {
  /** Pixels of a side of the clip: what registration sees. */
  readonly size: number;
  /** Of the camera, in pixels of the files; 1.2 times their longer side if not given, as of a telephone's front camera. */
  readonly focal?: number | undefined;
}

/** Focal length over the longer side where the camera is not known. */
const usualFocal = 1.2;

type Point = readonly [number, number];

/** Landmarks [68 * 2] of the face nearest to where one was, of the largest at first; undefined where there is none. */
async function landmarksOf(photo: Photo, near: Point | undefined): Promise<Float32Array | undefined> {
  const image = tensor(photo.image.data, [photo.height, photo.width, 3]);
  const faces = await findFaces(image);
  if (faces.length === 0) return undefined;
  const away = ({ x, y, width, height }: DetectedFace): number =>
    near ? Math.hypot(x + width / 2 - near[0], y + height / 2 - near[1]) : -width * height;
  return detectLandmarks(
    image,
    faces.reduce((a, b) => (away(b) < away(a) ? b : a)),
  );
}

const middleOf = (landmarks: Float32Array): Point => {
  const sum = (c: number): number => landmarks.reduce((s, x, k) => (k % 2 === c ? s + x : s), 0);
  return [(2 * sum(0)) / landmarks.length, (2 * sum(1)) / landmarks.length];
};

/**
 * A clip of the frames in a folder, in the order of their names, with the landmarks of its face: the middle square of each,
 * so that the principal point stays the middle, at the size that registration sees.
 * @returns landmarks in pixels of the clip, undefined where no face was found.
 * @throws FormatError for a frame of another size than the first one, or no picture; ChiaroError where the first shows no face.
 */
export async function openPhotoClip(
  folder: string,
  { size, focal, onProgress, signal }: PhotoClipOptions,
): Promise<{ clip: Clip; landmarks: FrameLandmarks }> {
  const files = await photoList([folder]);
  const frames: ClipFrame[] = [];
  const landmarks: (Float32Array | undefined)[] = [];
  let first: Photo | undefined;
  let near: Point | undefined;
  for (const [k, { path }] of files.entries()) {
    signal?.throwIfAborted();
    const photo = await loadPhoto(path);
    first ??= photo;
    if (photo.width !== first.width || photo.height !== first.height)
      throw new FormatError(
        `${photo.name}: frame ${k + 1} of ${files.length} has ${photo.width} x ${photo.height} pixels, the first one ` +
          `${first.width} x ${first.height}; frames of a clip have one size: cut the clip there, or bring all to one size`,
      );
    const found = await landmarksOf(photo, near);
    if (k === 0 && !found)
      throw new ChiaroError(
        `${photo.name}: the first frame shows no face; tracking starts from there: cut the clip to begin where the face is seen`,
      );
    if (found) near = middleOf(found);
    const side = Math.min(photo.width, photo.height);
    const corner = [Math.floor((photo.width - side) / 2), Math.floor((photo.height - side) / 2)] as const;
    const raw = { width: photo.width, height: photo.height, channels: 3 as const };
    const square = sharp(photo.srgb, { raw }).extract({ left: corner[0], top: corner[1], width: side, height: side });
    frames.push({ bytes: new Uint8Array(await square.resize(size, size).removeAlpha().raw().toBuffer()) });
    landmarks.push(found?.map((x, i) => ((x - corner[i % 2]) * size) / side));
    onProgress?.(k + 1, files.length);
  }
  const { width, height } = first!;
  const length = focal ?? usualFocal * Math.max(width, height);
  const clip = { name: folder, size, focal: (length * size) / Math.min(width, height), frames };
  return { clip, landmarks };
}
