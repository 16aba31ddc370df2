import { testTableOnGPU } from './onGPU.js';
import { testSeed } from './run.js';

const seed = testSeed(process.env);
const samples = Number(process.env['CHIARO_TABLE_GPU'] ?? (process.env['CHIARO_TEST_FULL'] ? 24 : 8));
console.log(`operation table: CHIARO_SEED=${seed}, ${samples} samples of each operation on the GPU`);
testTableOnGPU(seed, samples);
