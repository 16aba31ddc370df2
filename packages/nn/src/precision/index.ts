export { autocast } from './autocast.js';
export { GradScaler } from './gradScaler.js';
export type { GradScalerOptions } from './gradScaler.js';
