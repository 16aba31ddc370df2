export { boxTerm } from './box.js';
export { chromaticity, chromaticityConsistency } from './chromaticity.js';
export { smoothnessTerm } from './smoothness.js';
export { symmetryTerm } from './symmetry.js';
