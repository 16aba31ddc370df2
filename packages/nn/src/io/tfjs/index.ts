export { depthwiseFiltersFromHWIO, filtersFromHWIO, weightsFromInOut } from './filters.js';
export { loadTFJSWeights } from './read.js';
