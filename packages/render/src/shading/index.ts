export { prefilterEnvironment } from './prefilter.js';
export type { PrefilteredEnvironment } from './prefilter.js';
export { renderMesh } from './renderMesh.js';
export type { MeshImage, MeshLight, RenderMeshOptions } from './renderMesh.js';
