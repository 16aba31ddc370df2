import { statSync } from 'node:fs';
import { runBatch } from './batch.js';
import type { CLIOptions } from './options.js';
import { runFrames } from './frames.js';
import { runPerson } from './person.js';
import { runFace } from './run.js';
import type { RunEnvironment } from './run.js';

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * What `npm start` does: one photograph to one result folder, several photographs or faces to a folder of results with a
 * table, those of one person together, frames of a clip to a folder of theirs. @returns the exit code, see `reported`.
 */
export function runCommand(options: CLIOptions, environment: RunEnvironment): Promise<number> {
  const { photos, face, samePerson } = options;
  if (options.frames !== undefined) return runFrames(options, environment);
  if (samePerson) return runPerson(options, environment);
  if (photos.length > 1 || photos.some(isFolder) || face === 'all') return runBatch(options, environment);
  const { out, budgetSeconds, model, seed, resume } = options;
  return runFace({ out, budgetSeconds, model, seed, resume, photo: photos[0], face }, environment);
}
