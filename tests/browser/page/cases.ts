import type { Case } from './case.js';
import { engineCases } from './engineCases.js';
import { hostCases } from './hostCases.js';

/**
 * Everything that is run in the browser and compared with stored values. A layer adds its cases here: import from
 * '@chiaro/tensor' (the page maps it to the compiled package) and append `{ name, run, expected, tolerance }`.
 */
export const cases: readonly Case[] = [...hostCases, ...engineCases];
