import { describe } from 'vitest';
import { testTableOnGPU } from './onGPU.testing.js';
import { testSeed } from './run.js';

// This file is a process of its own, and the GPU is looked for at the first await.
process.env['CHIARO_GPU'] = 'swiftshader';

const seed = testSeed(process.env);

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('SwiftShader', () => {
  console.log(`operation table: CHIARO_SEED=${seed}, a sample on SwiftShader (all: npm run test:swiftshader)`);
  testTableOnGPU(seed, 2);
});
