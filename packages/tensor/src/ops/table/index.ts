import { arithmeticOperations } from './arithmetic.js';
import { convolutionOperations } from './convolution.js';
import { countingOperations } from './counting.js';
import { creationOperations, expressionOperations } from './creation.js';
import { realFunctions } from './functions.js';
import { indexingOperations } from './indexing.js';
import { linalgOperations } from './linalg.js';
import { logicOperations } from './logic.js';
import { matrixPartOperations } from './matrixParts.js';
import { movementOperations } from './movement.js';
import type { Operation } from './operation.js';
import { notNumberOperations } from './notNumbers.js';
import { orderingOperations } from './ordering.js';
import { productOperations } from './products.js';
import { randomOperations } from './random.js';
import { rearrangeOperations } from './rearrange.js';
import { reductionOperations } from './reductions.js';
import { samplingOperations } from './sampling.js';
import { scatteringOperations } from './scattering.js';
import { selectionOperations } from './selection.js';
import { slicingOperations } from './slicing.js';
import { statisticsOperations } from './statistics.js';
import { twoNumberOperations } from './twoNumbers.js';

export { Draw, Input } from './draw.js';
export type { Argument, Operation } from './operation.js';

/**
 * Every public operation with its PyTorch name, sample inputs, a reference in plain loops, tolerances, gradient claims
 * and calls that must be refused. It drives the forward, gradient, bad-input and SwiftShader tests and the docs' tables.
 */
export const operationTable: Readonly<Record<string, readonly Operation[]>> = {
  creation: creationOperations,
  arithmetic: [...arithmeticOperations, ...twoNumberOperations],
  'functions of real numbers': realFunctions,
  'comparison, logic, choice': logicOperations,
  'NaN, infinities, closeness': notNumberOperations,
  expressions: expressionOperations,
  'random numbers': randomOperations,
  reductions: reductionOperations,
  'statistics and norms': statisticsOperations,
  movement: [...movementOperations, ...slicingOperations, ...rearrangeOperations],
  'triangles and diagonals': matrixPartOperations,
  indexing: [...indexingOperations, ...scatteringOperations],
  selection: selectionOperations,
  'search, counts, segments': countingOperations,
  products: productOperations,
  'convolution and images': [...convolutionOperations, ...samplingOperations],
  'small matrices': linalgOperations,
  'running totals and order': orderingOperations,
};

/** The operations of all families. */
export const operations: readonly Operation[] = Object.values(operationTable).flat();
