export { shBands, shCount, shIndex, shMaxDegree } from './indices.js';
export { evaluateSH, evaluateSHSeries, sphericalHarmonic } from './basis.js';
export { evaluateSHHost } from './host.js';
export { halfCosine, irradianceSH, lobeCoefficients, scaleBands, specularSH, windowSH } from './bands.js';
export { rotateSH, rotationMatricesSH } from './rotation.js';
export { environmentOfSH, projectEnvironment } from './projection.js';
export type { ProjectionWeights } from './projection.js';
export { fromConvention, toConvention } from './conventions.js';
export type { SHConvention } from './conventions.js';
