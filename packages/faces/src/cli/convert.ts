// npm run convert-model -- FROM TO: a face model file of a published one. --help lists the options.
import { CommanderError } from 'commander';
import { convertModel, parseConvertArguments } from './convertModel.js';

const { stdout, stderr } = process;
try {
  const options = parseConvertArguments(process.argv.slice(2), {
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
  });
  const code = await convertModel(options, (line) => stderr.write(`${line}\n`));
  process.exit(code); // a GPU may have been opened, whose threads would keep the process
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
}
