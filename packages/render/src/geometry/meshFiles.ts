import { ShapeError } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { MeshFile } from './files/meshFile.js';
import type { Mesh } from './mesh.js';

/** Lists one behind the other. */
function concatFloats(lists: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

/** Index lists one behind the other, each counting on from the rows before it. */
function concatIndices(lists: readonly Uint32Array[], rows: readonly number[]): Uint32Array {
  const all = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let [at, first] = [0, 0];
  lists.forEach((list, k) => {
    all.set(
      list.map((row) => row + first),
      at,
    );
    at += list.length;
    first += rows[k];
  });
  return all;
}

/**
 * Several meshes as one, their vertices one behind the other. Texture coordinates, normals and colours stay where all
 * have them.
 */
export function joinMeshes(meshes: readonly MeshFile[]): MeshFile {
  if (meshes.length === 1) return meshes[0];
  const rowsIn = (lists: readonly Float32Array[], width: number): number[] => lists.map((list) => list.length / width);
  const list = (name: 'uvs' | 'normals' | 'colors'): Float32Array[] | undefined => {
    const found = meshes.flatMap((mesh) => mesh[name] ?? []);
    return found.length === meshes.length && found.length > 0 ? found : undefined;
  };
  const [uvs, normals, colors] = [list('uvs'), list('normals'), list('colors')];
  const positions = meshes.map((mesh) => mesh.positions);
  const ownNormals = normals && meshes.some((mesh) => mesh.normalTriangles);
  const corners = (own: (mesh: MeshFile) => Uint32Array | undefined): Uint32Array[] =>
    meshes.map((mesh) => own(mesh) ?? mesh.triangles);
  return {
    positions: concatFloats(positions),
    triangles: concatIndices(
      meshes.map((mesh) => mesh.triangles),
      rowsIn(positions, 3),
    ),
    ...(uvs && {
      uvs: concatFloats(uvs),
      uvTriangles: concatIndices(
        corners((mesh) => mesh.uvTriangles),
        rowsIn(uvs, 2),
      ),
    }),
    ...(normals && { normals: concatFloats(normals) }),
    ...(ownNormals && {
      normalTriangles: concatIndices(
        corners((mesh) => mesh.normalTriangles),
        rowsIn(normals, 3),
      ),
    }),
    ...(colors && { colors: concatFloats(colors) }),
  };
}

/** The numbers of a mesh at its present positions, for files and for what works on the host. Waits for the GPU. */
export async function meshFileOf({
  positions,
  topology,
  uvs,
  uvIndices,
  normals,
  splitNormals,
  colors,
}: Mesh): Promise<MeshFile> {
  const floats = async (values: Tensor | undefined): Promise<Float32Array | undefined> =>
    values && ((await values.to('float32').data()) as Float32Array);
  const [p, t, n, c] = await Promise.all([positions, uvs, normals ?? splitNormals?.values, colors].map(floats));
  if (t && !uvIndices) throw new ShapeError('meshFileOf: the mesh has texture coordinates without uvIndices');
  return {
    positions: p!,
    triangles: topology.triangles,
    ...(t && { uvs: t, uvTriangles: uvIndices! }),
    ...(n && { normals: n }),
    ...(n && !normals && { normalTriangles: splitNormals!.indices }),
    ...(c && { colors: c }),
  };
}
