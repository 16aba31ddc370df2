import { spawn } from 'node:child_process';
import { DeviceError } from '../../../errors.js';

/** Runs a system command to its end and returns its output; a failure is an error with the last lines it wrote. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { input?: Uint8Array; cwd?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, LC_ALL: 'C' } });
    let output = '';
    let complaints = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    child.on('error', (cause) => reject(new DeviceError(`cannot run ${command}: ${cause.message}`, { cause })));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const tail = complaints.trim().split('\n').slice(-3).join(' | ');
      reject(new DeviceError(`${command} ${args.join(' ')} failed (${signal ?? `exit code ${code}`}): ${tail}`));
    });
    child.stdin.on('error', () => undefined); // a command that ends early is reported by its exit code
    child.stdin.end(options.input);
  });
}
