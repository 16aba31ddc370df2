import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { markdownSnippets } from './tests/guides/plugin.js';
import { plantMutant } from './tools/plantMutant.js';

const root = fileURLToPath(new URL('.', import.meta.url));
const source = (file: string): string => `${root}packages/${file}`;

/** `@chiaro/x` means the sources of packages/x here, so that a test needs no build. */
const packageAliases = readdirSync(`${root}packages`)
  .filter((name) => existsSync(source(`${name}/src/index.ts`)))
  .map((name) => ({ find: new RegExp(`^@chiaro/${name}$`), replacement: source(`${name}/src/index.ts`) }));

/** The same for examples that others build on. */
const exampleAliases = readdirSync(`${root}examples`)
  .filter((name) => existsSync(`${root}examples/${name}/src/index.ts`))
  .map((name) => ({
    find: new RegExp(`^@chiaro/example-${name}$`),
    replacement: `${root}examples/${name}/src/index.ts`,
  }));

export default defineConfig({
  plugins: [plantMutant(root, process.env['CHIARO_MUTANT']), markdownSnippets()],
  resolve: {
    alias: [
      ...packageAliases,
      ...exampleAliases,
      { find: '@chiaro/tensor/engine', replacement: source('tensor/src/engine.ts') },
      { find: '@chiaro/nn/node', replacement: source('nn/src/node/index.ts') },
      { find: '@chiaro/faces/node', replacement: source('faces/src/node/index.ts') },
      { find: '@chiaro/tensor/expr', replacement: source('tensor/src/expr/index.ts') },
      { find: '#codec', replacement: source('render/src/io/node/codec.ts') },
      { find: /^(#host|@chiaro\/tensor\/host)$/, replacement: source('tensor/src/host/node/index.ts') },
    ],
  },
  oxc: { target: 'es2022' }, // lowers `using`, which Node 20 does not know
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts', 'examples/*/src/**/*.test.ts'],
    globalSetup: ['tests/support/globalSetup.ts'],
    setupFiles: ['tests/support/kernels.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // lavapipe compiles kernels twice as fast without LLVM's optimiser; correctness tests are bound by that.
    env: { GALLIVM_PERF: process.env['GALLIVM_PERF'] ?? 'nopt' },
  },
});
