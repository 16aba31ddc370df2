export { mesh } from './mesh.js';
export type { Mesh, MeshData, SplitNormals } from './mesh.js';
export { atCorners, buildTopology, sumAtVertices, sumOfNeighbours, valence } from './topology.js';
export type { Topology } from './topology.js';
export { faceNormals, vertexNormals } from './normals.js';
export { uvTangents, uvVertices, vertexTangents } from './tangents.js';
export type { UvVertices } from './tangents.js';
export {
  cotangentLaplacian,
  edgeLengthTerm,
  laplacianSmoothness,
  normalConsistency,
  uniformLaplacian,
} from './laplacian.js';
export { largeSteps } from './largeSteps.js';
export type { LargeSteps } from './largeSteps.js';
export { boxShape, icosphereShape, planeShape, sphereShape } from './shapes.js';
export type { ShapeData } from './shapes.js';
export { box, icosphere, plane, sphere } from './shape.js';
export type { Shape, Surface } from './shape.js';
export { splitSeams, weldSeams } from './seams.js';
export type { SplitMesh } from './seams.js';
export { subdivide, subdivision } from './subdivision.js';
export type { Subdivision, SubdivisionOptions } from './subdivision.js';
export { applyRowMap, mapNumbers } from './rowMap.js';
export type { RowMap } from './rowMap.js';
export { decimate } from './decimation.js';
export type { DecimatedMesh, DecimationOptions } from './decimation.js';
export { unwrap } from './unwrapping.js';
export type { UnwrapOptions, UnwrappedMesh } from './unwrapping.js';
export { joinMeshes, meshFileOf } from './meshFiles.js';
export type { MeshFile } from './files/meshFile.js';
export { parseOBJ, readOBJ, writeOBJ } from './files/obj.js';
export type { ObjFile, ObjPart } from './files/obj.js';
export { parsePLY, writePLY } from './files/ply.js';
