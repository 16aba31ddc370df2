// What a page loads of @chiaro/autograd (which brings @chiaro/tensor): everything that it exports, minified, in bytes
// after gzip.
//
//   node scripts/run.mjs tools/bundle.mjs [--out FILE]      prints the sizes; fails above the limit
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/** Bytes after gzip that tensor and autograd together may have. */
export const limit = 120 * 1024;

/** Bundles a compiled entry point for browsers: one minified module as text, and what it still imports. */
export async function bundle(entry) {
  const bundled = await rolldown({
    input: entry,
    platform: 'browser',
    resolve: { conditionNames: ['browser', 'import', 'default'] },
    logLevel: 'silent',
  });
  try {
    const { output } = await bundled.generate({ format: 'esm', minify: true, codeSplitting: false });
    const [{ code, imports, dynamicImports }] = output;
    return { text: code, imports: [...imports, ...dynamicImports] };
  } finally {
    await bundled.close();
  }
}

/** Bytes of a text, plain and after gzip. */
export function sizesOf(text) {
  const plain = Buffer.from(text);
  return { bytes: plain.length, gzip: gzipSync(plain, { level: 9 }).length };
}

export const autogradEntry = fileURLToPath(new URL('../packages/autograd/dist/index.js', import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const { text } = await bundle(autogradEntry);
  const { bytes, gzip } = sizesOf(text);
  console.log(`tensor + autograd: ${bytes} bytes, ${gzip} after gzip (limit ${limit})`);
  if (values.out) writeFileSync(values.out, text);
  if (gzip > limit) process.exitCode = 1;
}
