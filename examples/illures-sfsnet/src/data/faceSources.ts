import { ChiaroError, tensor, type Tensor } from '@chiaro/autograd';
import { contourMap } from '../contours.js';
import type { Preset } from '../config.js';
import type { FaceBatch, FrameBatch, MapPairBatch, PairBatch } from './batch.js';
import { residualOf, type FaceMaps, type KeptFace } from './faceMaps.js';
import { poseDistance, type VideoClip, type VideoFrame } from './frames.js';
import { drawPairs, type Pair } from './pairs.js';
import type { Source, TrainingSources } from './sources.js';

/** Rows of numbers as one tensor [B, ...shape]. */
function stacked(rows: readonly ArrayLike<number>[], shape: readonly number[]): Tensor {
  const values = new Float32Array(rows.length * rows[0].length);
  rows.forEach((row, k) => values.set(row, k * row.length));
  return tensor(values, [rows.length, ...shape]);
}

const contoursOf = (faces: readonly VideoFrame[]): Tensor => {
  const { size } = faces[0];
  return stacked(
    faces.map(({ landmarks }) => contourMap(landmarks, size)),
    [size, size, 1],
  );
};

const masksOf = (faces: readonly VideoFrame[]): Tensor => {
  const { size } = faces[0];
  return stacked(
    faces.map(({ mask }) => mask),
    [size, size, 1],
  );
};

/** Frames as tensors. */
function frameBatch(frames: readonly VideoFrame[]): FrameBatch {
  const { size } = frames[0];
  const image = stacked(
    frames.map((frame) => frame.image),
    [size, size, 3],
  );
  return { image, mask: masksOf(frames), contours: contoursOf(frames) };
}

/** Faces as tensors. */
function faceBatch(faces: readonly FaceMaps[]): FaceBatch {
  const { size } = faces[0];
  const images = (of: (face: FaceMaps) => ArrayLike<number>): Tensor => stacked(faces.map(of), [size, size, 3]);
  return {
    ...frameBatch(faces),
    albedo: images((face) => face.albedo),
    normals: images((face) => face.normals),
    light: stacked(
      faces.map((face) => face.light),
      [27],
    ),
    residual: images(residualOf),
  };
}

const faceSource = (faces: readonly KeptFace[]): Source<FaceBatch> => ({
  length: faces.length,
  batch: (entries) => faceBatch(entries.map((k) => faces[k].maps)),
});

/** Pairs of things, each side of a batch made at once. */
const pairSource = <Item, Side, Batch>(
  pairs: readonly Pair[],
  item: (k: number) => Item,
  side: (items: readonly Item[]) => Side,
  both: (i: Side, j: Side) => Batch,
): Source<Batch> => ({
  length: pairs.length,
  batch: (entries) => {
    const sideOf = (which: 0 | 1): Side => side(entries.map((k) => item(pairs[k][which])));
    return both(sideOf(0), sideOf(1));
  },
});

/** The identities of a set but its last, which is for test. */
export function trainingPart(faces: readonly KeptFace[]): KeptFace[] {
  const last = Math.max(...faces.map(({ labels }) => labels['identity']));
  return faces.filter(({ labels }) => labels['identity'] < last);
}

/** The last identity of a set. */
export function testPart(faces: readonly KeptFace[]): KeptFace[] {
  const last = Math.max(...faces.map(({ labels }) => labels['identity']));
  return faces.filter(({ labels }) => labels['identity'] === last);
}

/** 1 for two images of one identity that differ in view or expression, 0 for others: light alone moves nothing. */
const isMoved =
  (faces: readonly KeptFace[]) =>
  (i: number, j: number): number => {
    const [a, b] = [faces[i].labels, faces[j].labels];
    return Number(a['view'] !== b['view'] || a['expression'] !== b['expression']);
  };

const identities = (faces: readonly KeptFace[]): number[] => faces.map(({ labels }) => labels['identity']);

function alignmentSource(faces: readonly KeptFace[], map: 'albedo' | 'normals', seed: number): Source<MapPairBatch> {
  const side = (maps: readonly FaceMaps[]): { map: Tensor; contours: Tensor; mask: Tensor } => ({
    map: stacked(
      maps.map((face) => face[map]),
      [maps[0].size, maps[0].size, 3],
    ),
    contours: contoursOf(maps),
    mask: masksOf(maps),
  });
  return pairSource(
    drawPairs(identities(faces), faces.length, seed, isMoved(faces)),
    (k) => faces[k].maps,
    side,
    (i, j) => ({
      ...{ mapI: i.map, mapJ: j.map, contoursI: i.contours, contoursJ: j.contours, maskI: i.mask, maskJ: j.mask },
    }),
  );
}

/**
 * Pairs of frames of one clip, far poses more often.
 * @throws ChiaroError where no clip has two different frames.
 */
function videoPairs(clips: readonly VideoClip[], count: number, seed: number): Source<PairBatch<FrameBatch>> {
  const frames = clips.flat();
  const groups = clips.flatMap((clip, c) => clip.map(() => c));
  const pairs = drawPairs(groups, count, seed, (i, j) =>
    poseDistance(frames[i].landmarks, frames[j].landmarks, frames[i].size),
  );
  if (pairs.length === 0)
    throw new ChiaroError(
      `video: ${clips.length} clips of ${frames.length} frames hold no pair of two different frames; give at least two frames in which the head or the face moves`,
    );
  return pairSource(
    pairs,
    (k) => frames[k],
    frameBatch,
    (i, j) => ({ i, j }),
  );
}

/** The sets that networks learn from. */
export interface TrainingSets {
  readonly local: readonly KeptFace[];
  readonly expressions: readonly KeptFace[];
  readonly caricatures: readonly KeptFace[];
  readonly styles: readonly KeptFace[];
  readonly deformations: readonly KeptFace[];
  /** Of the stand-in, or of the user. */
  readonly clips: readonly VideoClip[];
}

/**
 * Everything that is trained on: of Expre-syn-like and Caric-syn-like all identities but the last; of Expre-syn-like 1.2
 * pairs for each image (16,272 of 13,560 in section 4.1); for AlignNets a pair for each image. @param seed draws the pairs.
 */
export function trainingSources(
  sets: TrainingSets,
  { videoPairsPerEpoch }: Pick<Preset, 'videoPairsPerEpoch'>,
  seed: number,
): TrainingSources {
  const expressions = trainingPart(sets.expressions);
  const pairs = drawPairs(identities(expressions), Math.round(1.2 * expressions.length), seed, isMoved(expressions));
  return {
    faces: {
      ...faceSource([...sets.local, ...expressions, ...trainingPart(sets.caricatures)]),
      local: sets.local.length,
    },
    expressionPairs: pairSource(
      pairs,
      (k) => expressions[k].maps,
      faceBatch,
      (i, j) => ({ i, j }),
    ),
    videoPairs: videoPairs(sets.clips, videoPairsPerEpoch, seed),
    alignment: {
      albedo: alignmentSource(sets.styles, 'albedo', seed),
      normals: alignmentSource(sets.deformations, 'normals', seed),
    },
  };
}
