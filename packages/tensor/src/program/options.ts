import { ShapeError } from '../errors.js';

/** Options that a program declares: uniforms of its kernels, readable by their bare name. */
export type OptionTypes = Readonly<Record<string, 'u32' | 'i32' | 'f32'>>;

/** The values given for a program's options, once they fit. */
export function checkOptions(
  { name, options = {} }: { readonly name: string; readonly options?: OptionTypes },
  given: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  for (const [option, type] of Object.entries(options)) checkOption(name, option, type, given[option]);
  return given;
}

/** Throws where a value is none of an option's type. */
export function checkOption(program: string, option: string, type: OptionTypes[string], value: unknown): void {
  if (typeof value !== 'number' || (type !== 'f32' && !Number.isInteger(value)) || (type === 'u32' && value < 0)) {
    throw new ShapeError(`${program}: option ${option} must be a number of type ${type}, got ${String(value)}`);
  }
}
