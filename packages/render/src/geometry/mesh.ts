import { ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { buildTopology } from './topology.js';
import type { Topology } from './topology.js';

/**
 * A triangle mesh. Triangles are counter-clockwise seen from outside. What is a tensor may be a parameter; the index
 * lists are fixed. Texture coordinates may have their own index list, so that seams need no doubled vertices.
 */
export interface Mesh {
  /** [V, 3] */
  readonly positions: Tensor;
  /** [F, 3] int32 */
  readonly triangles: Tensor;
  readonly topology: Topology;
  /**
   * [V * 3] positions at rest on the host: what the ray tracer's tree is built from. Moved copies of a mesh keep them. Without
   * them the tree is built on the GPU, each time.
   */
  readonly rest?: Float32Array;
  /** [T, 2], u to the right and v upwards in [0, 1]: (0, 0) is the bottom left of the texture. */
  readonly uvs?: Tensor;
  /** [F, 3] int32: rows of `uvs` at the corners. */
  readonly uvTriangles?: Tensor;
  /** The numbers of `uvTriangles` on the host, [F * 3]. */
  readonly uvIndices?: Uint32Array;
  /** [V, 3] unit normals that came with the mesh; `vertexNormals` computes them. */
  readonly normals?: Tensor;
  /** Normals that differ within a vertex, at creases: then `normals` is missing. */
  readonly splitNormals?: SplitNormals;
  /** [V, 3] linear RGB */
  readonly colors?: Tensor;
}

/** Normals with an index list of their own. `interpolate(values, hit, triangles)` gives them in images. */
export interface SplitNormals {
  /** [N, 3] unit normals */
  readonly values: Tensor;
  /** [F, 3] int32: rows of `values` at the corners. */
  readonly triangles: Tensor;
  /** The numbers of `triangles` on the host, [F * 3]. */
  readonly indices: Uint32Array;
}

/** What a mesh is made from: plain numbers as loaders give them, or tensors for what is to be differentiated. */
export interface MeshData {
  /** [V * 3] numbers or [V, 3] */
  readonly positions: Tensor | ArrayLike<number>;
  /** [V * 3] positions at rest, roughly those to come; by default `positions` where these are numbers. */
  readonly rest?: ArrayLike<number>;
  /** [F * 3] vertex numbers */
  readonly triangles: ArrayLike<number>;
  /** [T * 2] numbers or [T, 2] */
  readonly uvs?: Tensor | ArrayLike<number>;
  /** [F * 3] rows of `uvs`; by default `triangles`. */
  readonly uvTriangles?: ArrayLike<number>;
  /** [N * 3] numbers or [N, 3], one for each vertex unless `normalTriangles` says otherwise. */
  readonly normals?: Tensor | ArrayLike<number>;
  /** [F * 3] rows of `normals`; by default `triangles`. */
  readonly normalTriangles?: ArrayLike<number>;
  /** [V * 3] numbers or [V, 3], linear RGB */
  readonly colors?: Tensor | ArrayLike<number>;
}

function rowsOf(name: string, values: Tensor | ArrayLike<number>, width: number): Tensor {
  if (!('length' in values)) {
    if (values.rank !== 2 || values.shape[1] !== width) {
      throw new ShapeError(`mesh: ${name} must be [N, ${width}], got [${values.shape.join(', ')}]`);
    }
    return values;
  }
  if (values.length % width !== 0)
    throw new ShapeError(`mesh: ${values.length} numbers of ${name} are no rows of ${width}`);
  return tensor(Float32Array.from(values), [values.length / width, width]);
}

const indexTensor = (indices: ArrayLike<number>): Tensor => tensor(Int32Array.from(indices), [indices.length / 3, 3]);

function restOf({ rest, positions }: MeshData, vertexCount: number): Float32Array | undefined {
  const numbers = rest ?? ('length' in positions ? positions : undefined);
  if (numbers && numbers.length !== 3 * vertexCount) {
    throw new ShapeError(`mesh: ${numbers.length} numbers at rest for ${vertexCount} vertices`);
  }
  return numbers && Float32Array.from(numbers);
}

/** @throws ShapeError unless the list names a row for each corner. */
function cornerRows(what: string, rows: ArrayLike<number>, corners: number, count: number): Uint32Array {
  const indices = Uint32Array.from(rows);
  const outside = indices.findIndex((k, c) => k >= count || k !== rows[c]);
  if (indices.length !== corners || outside >= 0) {
    throw new ShapeError(
      `mesh: the triangles need ${corners} rows of ${count} ${what}, got ${indices.length}` +
        (outside >= 0 ? `, of which number ${outside} is ${rows[outside]}` : ''),
    );
  }
  return indices;
}

function normalsOf(
  { normals, normalTriangles }: MeshData,
  vertexCount: number,
  corners: number,
): Pick<Mesh, 'normals' | 'splitNormals'> {
  if (normals === undefined) return {};
  const values = rowsOf('normals', normals, 3);
  if (normalTriangles !== undefined) {
    const indices = cornerRows('normals', normalTriangles, corners, values.shape[0]);
    return { splitNormals: { values, triangles: indexTensor(indices), indices } };
  }
  if (values.shape[0] !== vertexCount) {
    throw new ShapeError(`mesh: ${values.shape[0]} normals for ${vertexCount} vertices`);
  }
  return { normals: values };
}

/**
 * Makes a mesh and its topology.
 * @throws ShapeError where lists do not fit each other or name rows that do not exist.
 */
export function mesh(data: MeshData): Mesh {
  const positions = rowsOf('positions', data.positions, 3);
  const vertexCount = positions.shape[0];
  const topology = buildTopology(data.triangles, vertexCount);
  const corners = topology.triangles.length;
  const rest = restOf(data, vertexCount);
  const colors = data.colors && rowsOf('colors', data.colors, 3);
  if (colors && colors.shape[0] !== vertexCount) {
    throw new ShapeError(`mesh: ${colors.shape[0]} colours for ${vertexCount} vertices`);
  }
  const result: Mesh = {
    positions,
    triangles: indexTensor(topology.triangles),
    topology,
    ...(rest && { rest }),
    ...normalsOf(data, vertexCount, corners),
    ...(colors && { colors }),
  };
  if (data.uvs === undefined) return result;
  const uvs = rowsOf('uvs', data.uvs, 2);
  const uvIndices = cornerRows('texture coordinates', data.uvTriangles ?? data.triangles, corners, uvs.shape[0]);
  return { ...result, uvs, uvTriangles: indexTensor(uvIndices), uvIndices };
}
