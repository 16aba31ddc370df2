import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transpile } from '../support/transpile.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
};

/** A file of the repository; what the page asks for as `x.js` may be `x.ts`, whose types are stripped. */
async function load(path: string, generated: Readonly<Record<string, string>>): Promise<string | Buffer> {
  const text = generated[path];
  if (text !== undefined) return text;
  const file = join(root, normalize(path));
  if (!file.startsWith(root)) throw new Error('outside the repository');
  if (!path.startsWith('/tests/') || !path.endsWith('.js')) return readFile(file);
  return transpile(file.replace(/\.js$/, '.ts'));
}

/**
 * Serves the repository's files (the compiled packages, the test page) to browsers on this machine.
 * @param generated texts by path, which go before files.
 */
export async function startServer(
  generated: Readonly<Record<string, string>> = {},
): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    load(path, generated).then(
      (body) => {
        response.setHeader('Content-Type', contentTypes[extname(path)] ?? 'application/octet-stream');
        response.end(body);
      },
      () => {
        response.statusCode = 404;
        response.end(`no ${path}`);
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
