import { expr } from '../engine.js';

/** max(x, low) that keeps a number that is none: a roughness of NaN must show, not pass for the smallest one. */
export const atLeast = expr`fn atLeast(x: f32, low: f32) -> f32 { return select(x, low, x < low); }`;
