import { ShapeError } from '../engine.js';
import type { MeshFile } from './files/meshFile.js';
import { gatherRows, splitSeams, usedRows } from './seams.js';

/** How far to go. The first limit that is reached ends it. */
export interface DecimationOptions {
  /** Triangles to aim at; default 0: as few as `maxError` allows. */
  readonly triangles?: number;
  /** Largest `error` of the result, in the mesh's units; default Infinity. */
  readonly maxError?: number;
  /** Whether vertices at open borders stay; default false. */
  readonly keepBorder?: boolean;
  /**
   * What a change of texture coordinates, normals and colours weighs: one by 1 / weight counts as much as a move by the
   * distance that it happens over. Default 1; 0 looks at positions only.
   */
  readonly attributeWeight?: number;
}

/** A mesh of fewer triangles, made of vertices of the one that it was made from. */
export interface DecimatedMesh {
  readonly mesh: MeshFile;
  /** [V] the number that each vertex had: `positions.indexSelect(0, tensor(vertices))` carries gradients. */
  readonly vertices: Int32Array;
  /**
   * How far the surface moved by the quadric error metric, in the mesh's units, with what attributes changed by their
   * weight: an estimate, good to 2e-4 of the extent.
   */
  readonly error: number;
}

/** Rows of an index list that are left, and the list with their new numbers. */
function compact(indices: Uint32Array): { rows: Uint32Array; indices: Uint32Array } {
  const rows = usedRows(indices);
  const numbers = new Map(Array.from(rows, (row, k) => [row, k]));
  return { rows, indices: indices.map((row) => numbers.get(row)!) };
}

/** Texture coordinates, normals and colours of a mesh, vertex by vertex, for the error metric. */
function attributesOf(lists: readonly (readonly [Float32Array | undefined, number])[], vertices: number): Float32Array {
  const present = lists.filter(([values]) => values !== undefined) as [Float32Array, number][];
  const width = present.reduce((sum, [, w]) => sum + w, 0);
  const attributes = new Float32Array(vertices * width);
  let first = 0;
  for (const [values, w] of present) {
    values.forEach((x, k) => (attributes[Math.floor(k / w) * width + first + (k % w)] = x));
    first += w;
  }
  return attributes;
}

/**
 * A mesh with fewer triangles: edges collapse where that moves the surface least (quadric error metric, Garland and
 * Heckbert 1997 and 1998; the library meshoptimizer, which comes with this package). Vertices are left out, never moved.
 * Seams and creases stay seams and creases of the same index lists; borders stay borders.
 *
 * It ends early where no edge can collapse without changing the topology, so fewer triangles than asked for are not
 * promised.
 *
 * @throws ShapeError where lists do not fit each other, a position is not finite, or a limit is negative.
 * @example
 * const { mesh: coarse } = await decimate(file, { triangles: 1000 });
 */
export async function decimate(
  file: MeshFile,
  { triangles = 0, maxError = Infinity, keepBorder = false, attributeWeight = 1 }: DecimationOptions = {},
): Promise<DecimatedMesh> {
  if (!(triangles >= 0) || !(maxError >= 0) || !(attributeWeight >= 0)) {
    throw new ShapeError(
      `decimate: triangles, maxError and attributeWeight must not be negative, got ${triangles}, ${maxError} and ` +
        `${attributeWeight}`,
    );
  }
  if (!file.positions.every(Number.isFinite)) throw new ShapeError('decimate: a position is not finite');
  const { MeshoptSimplifier } = await import('meshoptimizer/simplifier');
  await MeshoptSimplifier.ready;
  const whole = splitSeams(file);
  const count = whole.corners.length;
  const attributes = attributesOf([[whole.uvs, 2], [whole.normals, 3], [whole.colors, 3]], count); // prettier-ignore
  const width = count === 0 ? 0 : attributes.length / count;
  const [left, error] =
    count === 0
      ? [whole.triangles, 0]
      : MeshoptSimplifier.simplifyWithAttributes(
          whole.triangles,
          whole.positions,
          3,
          attributes,
          width,
          new Array<number>(width).fill(attributeWeight),
          null,
          3 * Math.floor(Math.min(triangles, whole.triangles.length / 3)),
          Math.min(maxError, 1e30),
          keepBorder ? ['ErrorAbsolute', 'LockBorder'] : ['ErrorAbsolute'],
        );
  const places = compact(left.map((v) => whole.source[v]));
  const own = (list: Uint32Array | undefined) => list && compact(left.map((v) => list[whole.corners[v]]));
  const { uvs, normals, colors } = file;
  const [uvRows, normalRows] = [own(uvs && file.uvTriangles), own(normals && file.normalTriangles)];
  return {
    vertices: Int32Array.from(places.rows),
    error,
    mesh: {
      positions: gatherRows(file.positions, 3, places.rows),
      triangles: places.indices,
      ...(uvs && { uvs: gatherRows(uvs, 2, (uvRows ?? places).rows) }),
      ...(uvRows && { uvTriangles: uvRows.indices }),
      ...(normals && { normals: gatherRows(normals, 3, (normalRows ?? places).rows) }),
      ...(normalRows && { normalTriangles: normalRows.indices }),
      ...(colors && { colors: gatherRows(colors, 3, places.rows) }),
    },
  };
}
