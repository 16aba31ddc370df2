export { bsdf, evaluateBsdf, pdfBsdf, sampleBsdf } from './bsdf.js';
export type { Bsdf, BsdfDefinition, BsdfFactory, BsdfKind, BsdfParams, BsdfParamType, BsdfValues } from './bsdf.js';
export { cosineHemisphere } from './cosine.js';
export { lambert } from './lambert.js';
export { ggx } from './ggx.js';
export { metallicRoughness } from './metallicRoughness.js';
export { blinnPhongRedner, simplifiedCookTorrance } from './blinnPhong.js';
export { ggxDistribution, ggxMasking, ggxVisibility, ggxVisibleNormal, schlick } from './microfacet.js';
export { applyNormalMap, mappedNormal, normalMap, normalMapOf } from './normalMap.js';
