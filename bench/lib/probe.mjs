// Probes are small programs (bench/probes) that measure one thing in a process of their own and print it as a line of
// JSON: the suites run them, and so do the tests in tests/overhead.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Runs a probe.
 * @param {string} name
 * @param {{ args?: readonly (string | number)[], env?: Record<string, string>, timeout?: number }} [options]
 * @returns {Promise<{ figures: any, firstLineMs: number, exitMs: number }>} what it printed last, the time from its
 *   start to that line, and from there to its end.
 */
export function runProbe(name, { args = [], env = {}, timeout = 300_000 } = {}) {
  const file = fileURLToPath(new URL(`../probes/${name}.mjs`, import.meta.url));
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...args.map(String)], { env: { ...process.env, ...env }, timeout });
    let printed = 0;
    let [output, errors] = ['', ''];
    child.stdout.on('data', (text) => {
      printed = performance.now();
      output += text;
    });
    child.stderr.on('data', (text) => (errors += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const line = output.split('\n').findLast((each) => each.startsWith('{'));
      if (code !== 0 || !line) {
        reject(new Error(`the probe ${name} ended with ${signal ?? code}: ${(errors || output).trim().slice(-2000)}`));
      } else {
        resolve({
          figures: JSON.parse(line),
          firstLineMs: printed - start,
          exitMs: performance.now() - printed,
        });
      }
    });
  });
}
