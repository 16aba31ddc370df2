import { FormatError } from '../../engine.js';

/** How the elements of one array are stored. */
export interface TFJSWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  /** Stored as integers q: the element is q * scale + min. */
  readonly quantization:
    { readonly dtype: 'uint8' | 'uint16'; readonly scale: number; readonly min: number } | undefined;
}

/** Arrays that stand one after the other in files that are read one after the other. */
export interface TFJSGroup {
  readonly paths: readonly string[];
  readonly weights: readonly TFJSWeight[];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Bytes of an element as it is stored. */
export const bytesOf = ({ dtype, quantization }: TFJSWeight): number => {
  if (quantization) return quantization.dtype === 'uint8' ? 1 : 2;
  return dtype === 'bool' ? 1 : 4;
};

/**
 * Reads the text of a weights manifest of TensorFlow.js.
 * @throws FormatError for anything else.
 */
export function parseManifest(text: string): TFJSGroup[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FormatError('weights manifest: not JSON', { cause });
  }
  if (!Array.isArray(json)) throw new FormatError('weights manifest: must be a list of groups');
  const names = new Set<string>();
  return json.map((group: unknown, g) => {
    if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights)) {
      throw new FormatError(`weights manifest: group ${g} must have lists "paths" and "weights"`);
    }
    const weights = group.weights.map((weight: unknown, w) => parseWeight(weight, `group ${g}, weight ${w}`));
    for (const { name } of weights) {
      if (names.has(name)) throw new FormatError(`weights manifest: ${name} stands there twice`);
      names.add(name);
    }
    return { paths: group.paths.map(checkedPath), weights };
  });
}

/** Files lie beside the manifest or below it, nowhere else. */
function checkedPath(path: unknown): string {
  const parts = typeof path === 'string' ? path.split('/') : [];
  if (typeof path === 'string' && !/[:\\?#]/.test(path) && parts.every((p) => p !== '' && p !== '.' && p !== '..'))
    return path;
  throw new FormatError(`weights manifest: ${JSON.stringify(path)} is not a path below the manifest`);
}

function parseWeight(weight: unknown, where: string): TFJSWeight {
  const fail = (what: string, value: unknown): never => {
    throw new FormatError(`weights manifest: ${where}: ${what}, got ${JSON.stringify(value) ?? 'nothing'}`);
  };
  if (!isObject(weight)) return fail('must be an object', weight);
  const { name, shape, dtype, quantization } = weight;
  if (typeof name !== 'string' || name === '') return fail('name must be a text', name);
  if (!Array.isArray(shape) || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    return fail(`the shape of ${name} must be a list of sizes`, shape);
  }
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    return fail(`${name} must be float32, int32 or bool`, dtype);
  }
  if (quantization === undefined) return { name, shape: shape as number[], dtype, quantization };
  if (!isObject(quantization) || dtype === 'bool') return fail(`${name} cannot be quantized so`, quantization);
  const { dtype: stored, scale, min } = quantization;
  if (stored !== 'uint8' && stored !== 'uint16') return fail(`${name} must be quantized to uint8 or uint16`, stored);
  if (typeof scale !== 'number' || typeof min !== 'number') {
    return fail(`the quantization of ${name} needs numbers "scale" and "min"`, quantization);
  }
  return { name, shape: shape as number[], dtype, quantization: { dtype: stored, scale, min } };
}
