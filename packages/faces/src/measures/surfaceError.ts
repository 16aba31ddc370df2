import { ShapeError } from '../engine.js';
import { fitSimilarity, applySimilarity } from '../geometry/similarity.js';
import type { FitSimilarityOptions, Similarity } from '../geometry/similarity.js';
import { SurfaceTree } from '../geometry/surfaceTree.js';
import { summarize } from './statistics.js';
import type { ErrorSummary } from './statistics.js';
import { pickRows } from './vertexError.js';

/** A face as a surface with marks. */
export interface FaceSurface {
  /** [V * 3] mm. */
  readonly positions: ArrayLike<number>;
  /** [F * 3] */
  readonly triangles: ArrayLike<number>;
  /** [N * 3] points in the order of the other face's. */
  readonly landmarks: ArrayLike<number>;
  /** Vertices that count; all by default. */
  readonly region?: ArrayLike<number>;
}

/** How two surfaces without correspondence are compared. */
export interface SurfaceErrorOptions {
  /** Motion that brings the landmarks, then the closest points together (default `rigid`). */
  readonly kind?: FitSimilarityOptions['kind'];
  /** Steps of iterated closest points after the landmarks; 0 (default) stays with the landmarks. */
  readonly refine?: number;
  /** To the closest point (default), or along the normal of the point's vertex, both ways. */
  readonly along?: 'closest' | 'normal';
  /** Points that have nothing within this are left out, mm (default 60). */
  readonly reach?: number;
}

/** Distances between two surfaces, mm. */
export interface SurfaceError {
  /** From the region of the first face to the whole second one. */
  readonly toTruth: ErrorSummary;
  /** From the region of the second face to the whole first one. */
  readonly toFound: ErrorSummary;
  /** The motion that laid the first face onto the second. */
  readonly motion: Similarity;
}

/** Pairs farther apart than this do not pull on each other while the alignment is refined, mm. */
const pullReach = 25;

type Vector = readonly [number, number, number];

const point = (points: ArrayLike<number>, k: number): Vector => [points[3 * k], points[3 * k + 1], points[3 * k + 2]];

const regionOf = ({ positions, region }: FaceSurface): ArrayLike<number> =>
  region ?? Uint32Array.from({ length: positions.length / 3 }, (_, k) => k);

/** Unit normals of vertices, weighted by area. */
function vertexDirections(positions: ArrayLike<number>, triangles: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(positions.length);
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => point(positions, triangles[f + k]));
    const [u, v] = [b, c].map((p) => p.map((x, axis) => x - a[axis]));
    const across = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    for (let k = 0; k < 3; k++) for (let axis = 0; axis < 3; axis++) sums[3 * triangles[f + k] + axis] += across[axis];
  }
  return sums.map((x, k) => x / (Math.hypot(...point(sums, Math.floor(k / 3))) || 1));
}

/** Distances of some vertices of a surface to another one; what finds nothing within reach is left out. */
function distances(
  from: Pick<FaceSurface, 'positions' | 'triangles'>,
  rows: ArrayLike<number>,
  tree: SurfaceTree,
  { along = 'closest', reach = 60 }: SurfaceErrorOptions,
): number[] {
  const normals = along === 'normal' ? vertexDirections(from.positions, from.triangles) : undefined;
  return Array.from(rows, (v) => {
    const at = point(from.positions, v);
    return (normals ? tree.alongLine(at, point(normals, v)) : tree.closest(at))?.distance ?? Infinity;
  }).filter((distance) => distance <= reach);
}

/** The motion of the first face onto the second: by landmarks, then by closest points of its region. */
function alignment(
  found: FaceSurface,
  truth: FaceSurface,
  target: SurfaceTree,
  options: SurfaceErrorOptions,
): Similarity {
  const { kind = 'rigid', refine = 0 } = options;
  let motion = fitSimilarity(found.landmarks, truth.landmarks, { kind });
  const region = pickRows(found.positions, regionOf(found));
  for (let step = 0; step < refine; step++) {
    const placed = applySimilarity(region, motion);
    const hits = Array.from({ length: region.length / 3 }, (_, k) => target.closest(point(placed, k)));
    const rows = Array.from(hits.keys()).filter((k) => hits[k].distance <= pullReach);
    if (rows.length === 0) break;
    const targets = rows.flatMap((k) => target.at(hits[k]));
    motion = fitSimilarity(pickRows(region, rows), targets, { kind });
  }
  return motion;
}

/**
 * Distances between two faces of different topology: aligned by corresponding landmarks in the sense of least squares,
 * refined by iterated closest points if asked, then measured to the closest point or along the normal, both ways.
 * @throws ShapeError for faces without triangles, and where landmarks do not correspond.
 */
export function surfaceError(found: FaceSurface, truth: FaceSurface, options: SurfaceErrorOptions = {}): SurfaceError {
  const target = new SurfaceTree(truth.positions, truth.triangles);
  const motion = alignment(found, truth, target, options);
  const placed = { positions: applySimilarity(found.positions, motion), triangles: found.triangles };
  const back = new SurfaceTree(placed.positions, placed.triangles);
  return {
    toTruth: summarize(distances(placed, regionOf(found), target, options)),
    toFound: summarize(distances(truth, regionOf(truth), back, options)),
    motion,
  };
}

/** What the NoW challenge gives of a head: a scan, and seven marks on it. */
export interface ScanWithLandmarks {
  /** [V * 3] vertices of the scan, mm. */
  readonly positions: ArrayLike<number>;
  /** [7 * 3] outer and inner corners of the right eye and of the left (inner, outer), base of the nose, corners of the mouth. */
  readonly landmarks: ArrayLike<number>;
}

/** Rounds of the refinement. */
const nowSteps = 20;

/** Which part of a scan counts. */
export interface ScanRegion {
  /** Vertices farther than this from the centre do not count, mm. */
  readonly radius: number;
  /** [3] mm; the base of the nose by default. */
  readonly centre?: ArrayLike<number>;
}

/**
 * The part of a scan that the NoW challenge's own program compares: a ball about the middle of the face, three tenths of the
 * way from the base of the nose to between the inner corners of the eyes, with 0.7 times the sum of that way's length and the
 * distance of the outer corners as radius. @param landmarks [7 * 3] of the scan.
 */
export function nowRegion(landmarks: ArrayLike<number>): Required<ScanRegion> {
  const [outerRight, innerRight, innerLeft, outerLeft, nose] = [0, 1, 2, 3, 4].map((k) => point(landmarks, k));
  const bridge = innerRight.map((x, axis) => (x + innerLeft[axis]) / 2);
  const distance = (a: readonly number[], b: readonly number[]): number => Math.hypot(...a.map((x, k) => x - b[k]));
  return {
    centre: nose.map((x, axis) => x + 0.3 * (bridge[axis] - x)),
    radius: 0.7 * (distance(outerRight, outerLeft) + distance(bridge, nose)),
  };
}

/** Distances of a scan to a prediction. */
export interface ScanError extends ErrorSummary {
  /** Of each vertex of the scan that counts, mm. */
  readonly distances: Float64Array;
  /** The motion that laid the prediction onto the scan. */
  readonly motion: Similarity;
}

/**
 * Distances of a scan to a predicted face after the manner of the NoW challenge (Sanyal et al. 2019, section 4): the
 * prediction is scaled, turned and moved by the seven landmarks, the alignment is refined by the distances themselves, and
 * each vertex of the scan counts with its distance to the closest point. Not the challenge's own program, whose refinement
 * is another one; `nowRegion` gives the part of the scan that it compares.
 * @param predicted with the same seven landmarks.
 * @param part of the scan that counts; all by default.
 */
export function scanError(
  scan: ScanWithLandmarks,
  predicted: FaceSurface,
  { radius, centre }: ScanRegion = { radius: Infinity },
): ScanError {
  if (scan.landmarks.length !== 21 || predicted.landmarks.length !== 21)
    throw new ShapeError(
      `a scan and its prediction have seven landmarks each, got ${scan.landmarks.length} and ${predicted.landmarks.length} numbers`,
    );
  let motion = fitSimilarity(predicted.landmarks, scan.landmarks);
  const middle = centre ?? point(scan.landmarks, 4);
  const rows = Array.from({ length: scan.positions.length / 3 }, (_, k) => k).filter(
    (k) => Math.hypot(...point(scan.positions, k).map((x, axis) => x - middle[axis])) <= radius,
  );
  const own = new SurfaceTree(predicted.positions, predicted.triangles);
  const errors = (): { readonly distance: number; readonly source: Vector }[] => {
    const inverse = invert(motion);
    return rows.map((k) => {
      const hit = own.closest(point(applySimilarity(point(scan.positions, k), inverse), 0));
      return { distance: hit.distance * motion.scale, source: own.at(hit) };
    });
  };
  const targets = pickRows(scan.positions, rows);
  for (let step = 0; step < nowSteps; step++) {
    const found = errors();
    motion = fitSimilarity(
      found.flatMap(({ source }) => source),
      targets,
    );
  }
  const distances = Float64Array.from(errors(), ({ distance }) => distance);
  return { ...summarize(distances), distances, motion };
}

/** The motion back. */
function invert({ scale, rotation, translation }: Similarity): Similarity {
  const turned = Float64Array.from(rotation, (_, k) => rotation[3 * (k % 3) + Math.floor(k / 3)]);
  const back = applySimilarity(translation, { scale: 1 / scale, rotation: turned, translation: [0, 0, 0] });
  return { scale: 1 / scale, rotation: turned, translation: [-back[0], -back[1], -back[2]] };
}
