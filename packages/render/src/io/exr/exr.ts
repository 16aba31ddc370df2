import { FormatError } from '../../engine.js';
import type { FloatImage } from '../radiance.js';
import { assembleEXR, uncompressed } from './assemble.js';
import { compressions, readChunks } from './chunks.js';
import type { ExrFile } from './chunks.js';
import { fail } from './fail.js';

/**
 * Reads an OpenEXR image of scan lines: half or float, R, G, B (and A) or Y, any compression (none, RLE, ZIPS, ZIP, PIZ,
 * PXR24, B44, B44A, DWAA, DWAB). Lossy methods may give slightly negative light beside bright spots.
 *
 * The file is checked and taken apart here; what is left, the decompression of chunks whose sizes are known to be
 * possible, is three.js' EXRLoader, loaded at the first use.
 * @throws FormatError for tiled, deep and multi-part files, and for broken ones.
 */
export async function parseEXR(bytes: Uint8Array): Promise<FloatImage> {
  const file = readChunks(bytes);
  const names = new Set(file.channels.map((c) => c.name));
  const grey = !['R', 'G', 'B'].every((name) => names.has(name));
  if (grey && !names.has('Y')) fail(`there are the channels ${[...names].join(', ')}; R, G, B or Y are read`);
  const { EXRLoader } = await import('three/examples/jsm/loaders/EXRLoader.js');
  const { width, height } = file;
  let decoded: Float32Array;
  try {
    // zeros at the end stop what looks for the end of a text; RGBA of floats
    const clean = assembleEXR(file, 1024);
    decoded = new EXRLoader().setDataType(floatType).parse(clean.buffer).data;
  } catch (error) {
    const method = compressions[file.compression].name;
    throw new FormatError(`EXR: cannot be decompressed (${method}): ${(error as Error).message}`, { cause: error });
  }
  const alpha = names.has('A') && !grey;
  const channels = alpha ? 4 : 3;
  const data = new Float32Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 4 * ((height - 1 - y) * width + x); // the loader's rows run upwards
      for (let k = 0; k < channels; k++) data[(y * width + x) * channels + k] = decoded[from + (grey ? 0 : k)];
    }
  }
  return { width, height, channels, data };
}

/** three.js' FloatType. */
const floatType = 1015;

/** Writes an OpenEXR image of 32-bit floats, without compression: every value comes back as it was. */
export function writeEXR({ width, height, channels, data }: FloatImage): Uint8Array<ArrayBuffer> {
  const order = channels === 4 ? ['A', 'B', 'G', 'R'] : ['B', 'G', 'R'];
  const chunks = Array.from({ length: height }, (_, row) => {
    const line = new Float32Array(width * channels);
    order.forEach((name, k) => {
      const channel = 'RGBA'.indexOf(name);
      for (let x = 0; x < width; x++) line[k * width + x] = data[(row * width + x) * channels + channel];
    });
    return { row, bytes: new Uint8Array(line.buffer) };
  });
  const file: ExrFile = {
    width,
    height,
    channels: order.map((name) => ({ name, type: 2 })),
    compression: uncompressed,
    chunks,
  };
  return assembleEXR(file);
}
