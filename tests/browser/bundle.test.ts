import { expect, test } from 'vitest';

interface Bundle {
  readonly autogradEntry: string;
  readonly limit: number;
  bundle(entry: string): Promise<{ readonly text: string; readonly imports: readonly string[] }>;
  sizesOf(text: string): { readonly bytes: number; readonly gzip: number };
}

test('tensor and autograd load in 120 KB, and need nothing of Node', async () => {
  const { autogradEntry, bundle, limit, sizesOf } = (await import(
    new URL('../../tools/bundle.mjs', import.meta.url).pathname
  )) as Bundle;
  const { text, imports } = await bundle(autogradEntry);
  for (const name of ['conv2d', 'valueAndGrad', 'defineProgram']) expect(text).toMatch(new RegExp(`as ${name}\\b`));
  expect(imports).toEqual([]);
  expect(sizesOf(text).gzip).toBeLessThanOrEqual(limit);
});
