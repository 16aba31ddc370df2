import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { PipelineCache, type Pipeline } from '../../packages/tensor/src/device/gpu/pipelines.js';

// Counts the kernels that a test file makes, for the table at the end of npm test (scripts/lib/suites.mjs).

const root = fileURLToPath(new URL('../..', import.meta.url));
const digest = (text: string): string => createHash('sha1').update(text).digest('base64url').slice(0, 16);

const kernels: string[] = [];
let milliseconds = 0;

const make = Object.getOwnPropertyDescriptor(PipelineCache.prototype, 'pipeline')!.value as PipelineCache['pipeline'];
PipelineCache.prototype.pipeline = function (this: PipelineCache, ...of): Pipeline {
  const before = this.size;
  const start = performance.now();
  const pipeline = make.apply(this, of);
  if (this.size > before) {
    milliseconds += performance.now() - start;
    kernels.push(digest(pipeline.code));
  }
  return pipeline;
};

afterAll(() => {
  if (kernels.length === 0) return;
  const file = relative(root, expect.getState().testPath!);
  const folder = join(root, 'node_modules/.cache/kernels');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${digest(file)}.json`), JSON.stringify({ file, kernels, milliseconds }));
});
