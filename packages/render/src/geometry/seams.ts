import { ShapeError } from '../engine.js';
import type { MeshFile } from './files/meshFile.js';

/** Rows of a list in their order, those that `alike` gives one key to as one: which are kept, and the new number of each. */
function numberRows(
  used: Uint32Array,
  count: number,
  alike: (row: number) => number | string,
): { kept: number[]; numbers: Uint32Array } {
  const known = new Map<number | string, number>();
  const kept: number[] = [];
  const numbers = new Uint32Array(count);
  for (const row of used) {
    const key = alike(row);
    let number = known.get(key);
    if (number === undefined) known.set(key, (number = kept.push(row) - 1));
    numbers[row] = number;
  }
  return { kept, numbers };
}

/** Rows that an index list names, ascending. */
export const usedRows = (indices: Uint32Array): Uint32Array => Uint32Array.from(new Set(indices)).sort();

/** Shares of x, y and z in the order that places are looked through; in no simple ratio, as those of regular meshes are. */
const sweep = [0.5773, 0.61803, 0.53388] as const;

/**
 * Numbers places, those at most `tolerance` apart along each axis alike: for each vertex in use the first in the sweep's
 * order that is near.
 */
function nearPlaces(positions: Float32Array, used: Uint32Array, tolerance: number): Uint32Array {
  const along = (v: number): number =>
    sweep[0] * positions[3 * v] + sweep[1] * positions[3 * v + 1] + sweep[2] * positions[3 * v + 2];
  const places = new Uint32Array(positions.length / 3);
  const keys = Float64Array.from(places, (_, v) => along(v));
  const order = used.slice().sort((a, b) => keys[a] - keys[b] || a - b);
  const reach = 2 * tolerance;
  const near = (a: number, b: number): boolean =>
    Math.abs(positions[3 * a] - positions[3 * b]) <= tolerance &&
    Math.abs(positions[3 * a + 1] - positions[3 * b + 1]) <= tolerance &&
    Math.abs(positions[3 * a + 2] - positions[3 * b + 2]) <= tolerance;
  const kept: number[] = [];
  let first = 0;
  for (const v of order) {
    while (first < kept.length && keys[kept[first]] < keys[v] - reach) first++;
    let place = v;
    for (let k = kept.length - 1; k >= first; k--) {
      if (near(kept[k], v)) {
        place = kept[k];
        break;
      }
    }
    if (place === v) kept.push(v);
    places[v] = place;
  }
  return places;
}

/** Largest extent of the vertices in use. */
function extentOf(positions: Float32Array, used: Uint32Array): number {
  const [low, high] = [
    [Infinity, Infinity, Infinity],
    [-Infinity, -Infinity, -Infinity],
  ];
  for (const v of used) {
    for (let k = 0; k < 3; k++) {
      low[k] = Math.min(low[k], positions[3 * v + k]);
      high[k] = Math.max(high[k], positions[3 * v + k]);
    }
  }
  return used.length === 0 ? 0 : Math.max(...high.map((x, k) => x - low[k]));
}

/** The rows of `values` that are named, one behind the other. */
export function gatherRows(values: Float32Array, width: number, rows: ArrayLike<number>): Float32Array {
  const gathered = new Float32Array(rows.length * width);
  Array.from(rows).forEach((row, k) => gathered.set(values.subarray(row * width, (row + 1) * width), k * width));
  return gathered;
}

/** Normals that differ by less are one. */
const creaseTolerance = 1e-4;

/** For each vertex a row of its normal, if all normals at each vertex are one: the mesh has no creases. */
function smoothRows(
  vertices: Uint32Array,
  normals: Float32Array,
  rows: Uint32Array,
  vertexCount: number,
): Int32Array | undefined {
  const rowOf = new Int32Array(vertexCount).fill(-1);
  for (let c = 0; c < vertices.length; c++) {
    const [known, row] = [rowOf[vertices[c]], rows[c]];
    if (known < 0) rowOf[vertices[c]] = row;
    else if (known !== row) {
      const apart = [0, 1, 2].some((k) => Math.abs(normals[3 * known + k] - normals[3 * row + k]) > creaseTolerance);
      if (apart) return undefined;
    }
  }
  return rowOf;
}

/**
 * One vertex for each place: vertices of the same position, which files double along the seams of texture coordinates and
 * at creases, become one. Texture coordinates and normals keep what they say by index lists of their own, so that
 * positions <= normals <= vertices of the file; what moves a position moves all that meet there, and the surface stays
 * closed. Vertices that no triangle names are left out. The colour of the first vertex at a place is kept.
 *
 * Normals stay one per vertex, without a list of their own, where the mesh has no creases.
 *
 * @param tolerance how far apart along an axis two vertices may be, as a share of the mesh's largest extent (default 1e-6,
 * what float32 numbers of equal meaning differ by).
 * @throws ShapeError where lists do not fit each other.
 */
export function weldSeams(file: MeshFile, { tolerance = 1e-6 } = {}): MeshFile {
  const { positions, triangles, uvs, uvTriangles = triangles, normals, normalTriangles = triangles, colors } = file;
  if (uvTriangles.length !== triangles.length || normalTriangles.length !== triangles.length) {
    throw new ShapeError(
      `weldSeams: ${triangles.length} corners with ${uvTriangles.length} of texture coordinates and ` +
        `${normalTriangles.length} of normals`,
    );
  }
  const used = usedRows(triangles);
  const placeOf = nearPlaces(positions, used, tolerance * extentOf(positions, used));
  const { kept, numbers: places } = numberRows(used, placeOf.length, (v) => placeOf[v]);
  const welded = triangles.map((v) => places[v]);
  const renumbered = (values: Float32Array, width: number, indices: Uint32Array): [Float32Array, Uint32Array] => {
    // + 0 makes -0 and 0 one number
    const key = (row: number): string => Array.from({ length: width }, (_, k) => values[row * width + k] + 0).join();
    const rows = numberRows(usedRows(indices), values.length / width, key);
    return [gatherRows(values, width, rows.kept), indices.map((row) => rows.numbers[row])];
  };
  const result: { -readonly [K in keyof MeshFile]: MeshFile[K] } = {
    positions: gatherRows(positions, 3, kept),
    triangles: welded,
  };
  if (uvs) [result.uvs, result.uvTriangles] = renumbered(uvs, 2, uvTriangles);
  if (normals) {
    const [values, numbers] = renumbered(normals, 3, normalTriangles);
    const byVertex = smoothRows(welded, values, numbers, kept.length);
    if (byVertex) result.normals = gatherRows(values, 3, Array.from(byVertex));
    else [result.normals, result.normalTriangles] = [values, numbers];
  }
  if (colors) result.colors = gatherRows(colors, 3, kept);
  return result;
}

/** A mesh whose lists share one index list, as GPUs and most files want it. */
export interface SplitMesh {
  /** [V * 3] */
  readonly positions: Float32Array;
  /** [F * 3] */
  readonly triangles: Uint32Array;
  /** [V * 2] */
  readonly uvs?: Float32Array;
  /** [V * 3] */
  readonly normals?: Float32Array;
  /** [V * 3] */
  readonly colors?: Float32Array;
  /** [V] the number that each vertex had in the mesh it was split from. */
  readonly source: Uint32Array;
  /** [V] a corner of that mesh that each vertex stands at: its place in the index lists. */
  readonly corners: Uint32Array;
}

/**
 * The inverse of `weldSeams`: vertices are doubled where their texture coordinates or normals differ, so that one index
 * list fits all. Vertices keep their order and doubles follow; those that no triangle names are left out.
 * @throws ShapeError where lists do not fit each other.
 */
export function splitSeams({
  positions,
  triangles,
  uvs,
  uvTriangles = triangles,
  normals,
  normalTriangles = triangles,
  colors,
}: MeshFile): SplitMesh {
  const lists: [string, Uint32Array, Float32Array | undefined, number][] = [
    ['texture coordinates', uvTriangles, uvs, 2],
    ['normals', normalTriangles, normals, 3],
    ['positions', triangles, positions, 3],
    ['colours', triangles, colors, 3],
  ];
  for (const [what, indices, values, width] of lists) {
    if (values === undefined) continue;
    const outside = indices.find((row) => (row + 1) * width > values.length);
    if (indices.length !== triangles.length || outside !== undefined) {
      throw new ShapeError(
        `splitSeams: ${triangles.length} corners with ${indices.length} of ${what}` +
          (outside === undefined ? '' : `, and row ${outside} of ${values.length / width}`),
      );
    }
  }
  // first corners of the vertices to come: in the order of the vertices they come from, doubles at the end
  const firsts = new Map<string, number>();
  const keyOf = (c: number): string =>
    `${triangles[c]} ${uvs ? uvTriangles[c] : ''} ${normals ? normalTriangles[c] : ''}`;
  for (let c = 0; c < triangles.length; c++) if (!firsts.has(keyOf(c))) firsts.set(keyOf(c), c);
  const seen = new Set<number>();
  const doubles = new Set([...firsts.values()].filter((c) => seen.size === seen.add(triangles[c]).size));
  const ordered = [...firsts].sort(
    ([, a], [, b]) => Number(doubles.has(a)) - Number(doubles.has(b)) || triangles[a] - triangles[b] || a - b,
  );
  const numberOf = new Map(ordered.map(([key], k) => [key, k]));
  const corners = ordered.map(([, c]) => c);
  const indices = triangles.map((_, c) => numberOf.get(keyOf(c))!);
  const take = (values: Float32Array, width: number, list: Uint32Array): Float32Array =>
    gatherRows(
      values,
      width,
      corners.map((c) => list[c]),
    );
  return {
    positions: take(positions, 3, triangles),
    triangles: indices,
    source: Uint32Array.from(corners, (c) => triangles[c]),
    corners: Uint32Array.from(corners),
    ...(uvs && { uvs: take(uvs, 2, uvTriangles) }),
    ...(normals && { normals: take(normals, 3, normalTriangles) }),
    ...(colors && { colors: take(colors, 3, triangles) }),
  };
}
