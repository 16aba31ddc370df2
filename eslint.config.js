import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Nothing outside packages/tensor/src/host may find out where it runs; a command line runs in Node. */
const platformNeutral = {
  files: ['packages/*/src/**/*.ts'],
  ignores: [
    'packages/tensor/src/host/**',
    'packages/nn/src/node/**',
    'packages/faces/src/cli/**',
    'packages/faces/src/node/**',
    '**/*.test.ts',
    '**/*.testing.ts',
  ],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: ['node:*', 'webgpu', 'koffi'],
            message: 'Only packages/tensor/src/host knows the platform: use #host.',
          },
        ],
      },
    ],
    'no-restricted-globals': [
      'error',
      ...[
        'process',
        'navigator',
        'window',
        'document',
        'Buffer',
        'require',
        '__dirname',
        'localStorage',
        'indexedDB',
        'caches',
      ].map((name) => ({ name, message: 'Only packages/tensor/src/host knows the platform: use #host.' })),
    ],
    'no-console': 'error',
  },
};

export default tseslint.config(
  { ignores: ['**/dist/**', 'docs/site/**', 'coverage/**'] },
  js.configs.recommended,
  tseslint.configs.strict,
  tseslint.configs.stylistic,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'object-shorthand': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      '@typescript-eslint/no-non-null-assertion': 'off', // array accesses whose bounds the code has checked
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        fetch: 'readonly',
      },
    },
  },
  platformNeutral,
);
