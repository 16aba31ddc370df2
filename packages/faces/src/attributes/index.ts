export { attributeLayout, attributeNames, attributesOf, vectorOfAttributes } from './layout.js';
export type { AttributeCounts, AttributeLayout, AttributeName, AttributeStart, FaceAttributes } from './layout.js';
export { albedoAtlas } from './albedoAtlas.js';
export type { AlbedoAtlas } from './albedoAtlas.js';
export { faceOfAttributes, traceFace } from './attributeFace.js';
export type { AttributeFace, AttributeModel, RayOptions } from './attributeFace.js';
export { baseEnergy, baseTerms } from './energy.js';
export type { AttributeView, BaseTerm, BaseWeights } from './energy.js';
