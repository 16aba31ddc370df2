import { FormatError } from '../../engine.js';
import type { MeshData } from '../mesh.js';

/** What mesh files hold, as plain numbers; `mesh(file)` makes it a mesh. */
export interface MeshFile extends MeshData {
  readonly positions: Float32Array;
  readonly triangles: Uint32Array;
  readonly uvs?: Float32Array;
  readonly uvTriangles?: Uint32Array;
  readonly normals?: Float32Array;
  readonly normalTriangles?: Uint32Array;
  readonly colors?: Float32Array;
}

/** Files larger than this are refused rather than filling the memory: 1 GiB. */
const largestFile = 2 ** 30;

/** The bytes of a file as text or bytes, whichever is asked for. */
export function checkSize(kind: string, bytes: { readonly length: number }): void {
  if (bytes.length > largestFile) throw new FormatError(`${kind}: the file has ${bytes.length} bytes, more than 1 GiB`);
}

/** A polygon as a fan of triangles, appended. */
export function pushFan(polygon: readonly number[], triangles: number[]): void {
  for (let k = 2; k < polygon.length; k++) triangles.push(polygon[0], polygon[k - 1], polygon[k]);
}

/** Appends values one by one: a spread of a long list would not fit the stack. */
export function append(list: number[], values: Iterable<number>): void {
  for (const value of values) list.push(value);
}
