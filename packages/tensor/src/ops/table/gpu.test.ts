import { describe } from 'vitest';
import { testTableOnGPU } from './onGPU.testing.js';
import { testSeed } from './run.js';

const seed = testSeed(process.env);
const samples = Number(process.env['CHIARO_TABLE_GPU'] ?? (process.env['CHIARO_TEST_FULL'] ? 24 : 8));
console.log(`operation table: CHIARO_SEED=${seed}, ${samples} samples of each operation on the GPU`);
describe('as it is', () => testTableOnGPU(seed, samples));
describe('as a hardware adapter', () =>
  testTableOnGPU(seed, Math.ceil(samples / 4), { kind: 'hardware', shaderF16: false }));
