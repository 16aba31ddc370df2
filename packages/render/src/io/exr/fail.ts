import { FormatError } from '../../engine.js';

/** An error about the file at hand. */
export const fail = (what: string): never => {
  throw new FormatError(`EXR: ${what}`);
};
