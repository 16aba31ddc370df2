export { renderVertices } from './renderVertices.js';
export type { VertexImage, VertexOptions } from './renderVertices.js';
export { mirrorMoments } from './lobe.js';
export { valuesAtVertices, vertexUVs } from './values.js';
export { vertexVisibility } from './visibility.js';
