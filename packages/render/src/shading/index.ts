export { renderMesh } from './renderMesh.js';
export type { MeshImage, MeshLight, RenderMeshOptions } from './renderMesh.js';
