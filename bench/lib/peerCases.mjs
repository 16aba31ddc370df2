// All cases of bench:peers.
import { convCases } from './convCases.mjs';
import { gradientCases } from './gradientCases.mjs';
import { networkCases } from './networkCases.mjs';
import { tensorCases } from './tensorCases.mjs';

export const peerCases = { ...tensorCases, ...gradientCases, ...convCases, ...networkCases };
