import { FormatError } from '../../engine.js';
import type { NamedArray } from '../../layers/module.js';
import { bytesOf, parseManifest, type TFJSGroup, type TFJSWeight } from './manifest.js';

/**
 * Reads weights that TensorFlow.js has saved: a manifest (JSON) and the binary files that it names, with elements as they
 * are or quantized to 8 or 16 bits. float16 quantization is refused.
 *
 * @param path of the manifest.
 * @param read gives the bytes of a file: of the manifest, and of what lies beside it or below.
 * @returns arrays by name, in the manifest's order.
 * @throws FormatError unless manifest and files fit together exactly.
 */
export async function loadTFJSWeights(
  path: string,
  read: (path: string) => Promise<Uint8Array>,
): Promise<Record<string, NamedArray>> {
  const groups = parseManifest(new TextDecoder().decode(await read(path)));
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const parts = await Promise.all(
    groups.map(async (group) => arraysOf(group, await Promise.all(group.paths.map((p) => read(folder + p))))),
  );
  return Object.fromEntries(parts.flat());
}

/** The arrays of a group from its files. */
function arraysOf({ paths, weights }: TFJSGroup, files: readonly Uint8Array[]): [string, NamedArray][] {
  const needed = weights.reduce((sum, w) => sum + bytesOf(w) * sizeOf(w), 0);
  const given = files.reduce((sum, f) => sum + f.length, 0);
  if (needed !== given) {
    throw new FormatError(`weights: the manifest describes ${needed} bytes, ${paths.join(', ')} have ${given}`);
  }
  const bytes = new Uint8Array(given);
  let end = 0;
  for (const file of files) {
    bytes.set(file, end);
    end += file.length;
  }
  const view = new DataView(bytes.buffer);
  let at = 0;
  return weights.map((weight) => {
    const data = elements(weight, view, at);
    at += data.length * bytesOf(weight);
    return [weight.name, { shape: weight.shape, data }];
  });
}

const sizeOf = ({ shape }: TFJSWeight): number => shape.reduce((a, b) => a * b, 1);

function elements(weight: TFJSWeight, view: DataView, at: number): Float32Array | Int32Array {
  const { dtype, quantization } = weight;
  const width = bytesOf(weight);
  const stored = (i: number): number => {
    const place = at + i * width;
    if (width === 1) return view.getUint8(place);
    if (width === 2) return view.getUint16(place, true);
    return dtype === 'int32' ? view.getInt32(place, true) : view.getFloat32(place, true);
  };
  const length = sizeOf(weight);
  const element = quantization ? (i: number) => stored(i) * quantization.scale + quantization.min : stored;
  if (dtype === 'float32') return Float32Array.from({ length }, (_, i) => element(i));
  return Int32Array.from({ length }, (_, i) => Math.round(element(i)));
}
