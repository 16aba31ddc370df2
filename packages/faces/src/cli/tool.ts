import { CommanderError } from 'commander';
import type { ParserHooks } from './options.js';

/**
 * Runs a command with this process's arguments and streams, and ends the process with its exit code. The messages of the
 * work go to stderr, one line each.
 */
export async function runTool<T>(
  parse: (args: readonly string[], hooks: ParserHooks) => T,
  work: (options: T, log: (line: string) => void) => Promise<number>,
): Promise<void> {
  const { stdout, stderr } = process;
  try {
    const options = parse(process.argv.slice(2), {
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
    });
    const code = await work(options, (line) => stderr.write(`${line}\n`));
    process.exit(code); // a GPU may have been opened, whose threads would keep the process
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode;
  }
}
