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
  /** [V * 3] positions at rest on the host: what the ray tracer's tree is built from. Moved copies of a mesh keep them. */
  readonly rest?: Float32Array;
  /** [T, 2], u to the right and v upwards in [0, 1]: (0, 0) is the bottom left of the texture. */
  readonly uvs?: Tensor;
  /** [F, 3] int32: rows of `uvs` at the corners. */
  readonly uvTriangles?: Tensor;
  /** The numbers of `uvTriangles` on the host, [F * 3]. */
  readonly uvIndices?: Uint32Array;
  /** [V, 3] unit normals that came with the mesh; `vertexNormals` computes them. */
  readonly normals?: Tensor;
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
  /** [V * 3] numbers or [V, 3] */
  readonly normals?: Tensor | ArrayLike<number>;
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

/**
 * Makes a mesh and its topology.
 * @throws ShapeError where lists do not fit each other or name rows that do not exist.
 */
export function mesh(data: MeshData): Mesh {
  const positions = rowsOf('positions', data.positions, 3);
  const topology = buildTopology(data.triangles, positions.shape[0]);
  const rest = restOf(data, positions.shape[0]);
  const result = { positions, triangles: indexTensor(topology.triangles), topology, ...(rest ? { rest } : {}) };
  const normals = data.normals === undefined ? {} : { normals: rowsOf('normals', data.normals, 3) };
  if (normals.normals !== undefined && normals.normals.shape[0] !== positions.shape[0]) {
    throw new ShapeError(`mesh: ${normals.normals.shape[0]} normals for ${positions.shape[0]} vertices`);
  }
  if (data.uvs === undefined) return { ...result, ...normals };
  const uvs = rowsOf('uvs', data.uvs, 2);
  const uvIndices = Uint32Array.from(data.uvTriangles ?? data.triangles);
  const outside = uvIndices.findIndex((k) => k >= uvs.shape[0]);
  if (uvIndices.length !== topology.triangles.length || outside >= 0) {
    throw new ShapeError(
      `mesh: the triangles need ${topology.triangles.length} rows of ${uvs.shape[0]} texture coordinates, got ${uvIndices.length}` +
        (outside >= 0 ? `, of which number ${outside} is ${uvIndices[outside]}` : ''),
    );
  }
  return { ...result, ...normals, uvs, uvTriangles: indexTensor(uvIndices), uvIndices };
}
