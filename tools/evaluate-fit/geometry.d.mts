type Point = ArrayLike<number>;

/** q = scale rotation p + translation. */
export interface Motion {
  readonly rotation: readonly (readonly number[])[];
  readonly scale: number;
  readonly translation: readonly number[];
}

/** A head, and what of it counts. */
export interface Face {
  readonly positions: Float32Array | Float64Array;
  readonly triangles: Uint32Array;
  readonly region: readonly number[];
  readonly landmarks: ArrayLike<number>;
}

export function closestOnTriangle(p: Point, a: Point, b: Point, c: Point): number[];
export function align(pairs: readonly (readonly [Point, Point])[], scaled?: boolean): Motion;
export function moved(points: Float32Array | Float64Array, motion: Motion): Float64Array;
export function faceDistance(
  fitted: Face,
  truth: Face,
  scaled?: boolean,
): { readonly toTruth: number; readonly toFit: number; readonly scale: number };
