import { FormatError } from '../engine.js';
import { mostPixels } from './codec.js';
import type { FloatImage } from './radiance.js';

const fail = (what: string): never => {
  throw new FormatError(`HDR: ${what}`);
};

/** True for files that begin as Radiance pictures do. */
export const isHDR = (bytes: Uint8Array): boolean => /^#\?(RADIANCE|RGBE)/.test(latin1(bytes.subarray(0, 10)));

const latin1 = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

/**
 * Reads a Radiance picture (.hdr, .pic), flat or run-length encoded, rows from the top or the bottom.
 * Ward 1991, Real Pixels; Radiance's file format manual.
 * @throws FormatError for XYZE pixels, pictures turned by 90 degrees, and broken files.
 */
export function parseHDR(bytes: Uint8Array): FloatImage {
  if (!isHDR(bytes)) fail('the file does not begin with #?RADIANCE or #?RGBE');
  // a header is short; looking for its end in the first 64 KiB keeps hostile files cheap
  const head = latin1(bytes.subarray(0, 65536));
  const match = /\n\r?\n([-+])([XY]) +(\d+) +([-+])([XY]) +(\d+)\r?\n/.exec(head);
  if (match === null) return fail('the header has no line such as "-Y 512 +X 1024" after an empty one');
  const format = /^FORMAT=(.*?)\r?$/m.exec(head.slice(0, match.index))?.[1];
  if (format !== undefined && format !== '32-bit_rle_rgbe') fail(`pixels are ${format}; only 32-bit_rle_rgbe is read`);
  const [height, width] = [Number(match[3]), Number(match[6])];
  if (match[2] !== 'Y' || match[5] !== 'X') fail('the picture is stored by columns');
  if (width === 0 || height === 0) fail(`the picture has ${width} x ${height} pixels`);
  const start = match.index + match[0].length;
  // a run-length code says four bytes of at most 127 pixels in two bytes each, so eight bytes in 127 pixels
  if (width * height > mostPixels || width * height > 16 * (bytes.length - start)) {
    fail(`a file of ${bytes.length} bytes cannot hold ${width} x ${height} pixels`);
  }
  const exposure = exposureOf(head.slice(0, match.index));
  const data = new Float32Array(width * height * 3);
  const line = new Uint8Array(4 * width);
  let at = start;
  for (let row = 0; row < height; row++) {
    at = readLine(bytes, at, line, width);
    const y = match[1] === '-' ? row : height - 1 - row;
    for (let x = 0; x < width; x++) {
      const column = match[4] === '+' ? x : width - 1 - x;
      const e = line[4 * x + 3];
      const scale = e === 0 ? 0 : 2 ** (e - 136) / exposure;
      for (let k = 0; k < 3; k++) data[(y * width + column) * 3 + k] = line[4 * x + k] * scale;
    }
  }
  return { width, height, channels: 3, data };
}

/** The product of all EXPOSURE lines: what pixels were multiplied by. */
function exposureOf(header: string): number {
  let product = 1;
  for (const [, text] of header.matchAll(/^EXPOSURE=(.*)$/gm)) product *= Number(text);
  return Number.isFinite(product) && product > 0 ? product : fail('EXPOSURE is no number above 0');
}

/** One row of pixels, four bytes each, into `line`; returns where the next one begins. */
function readLine(bytes: Uint8Array, start: number, line: Uint8Array, width: number): number {
  const head = bytes.subarray(start, start + 4);
  const coded = width >= 8 && width < 32768 && head[0] === 2 && head[1] === 2 && head[2] < 128;
  return coded ? readComponents(bytes, start, line, width) : readPixels(bytes, start, line, width);
}

/** The later encoding: four components, each in runs. */
function readComponents(bytes: Uint8Array, start: number, line: Uint8Array, width: number): number {
  if (bytes[start + 2] * 256 + bytes[start + 3] !== width) fail('a row has another width than the picture');
  let at = start + 4;
  for (let component = 0; component < 4; component++) {
    for (let x = 0; x < width;) {
      const code = bytes[at++] ?? fail('the file ends too early');
      const count = code > 128 ? code - 128 : code;
      if (count === 0 || x + count > width) fail('a run is longer than its row');
      if (at + (code > 128 ? 1 : count) > bytes.length) fail('the file ends too early');
      for (let k = 0; k < count; k++, x++) line[4 * x + component] = bytes[code > 128 ? at : at + k];
      at += code > 128 ? 1 : count;
    }
  }
  return at;
}

/** The first encoding: pixels, of which 1, 1, 1, n repeats the last one n times (256 n, ... in a row). */
function readPixels(bytes: Uint8Array, start: number, line: Uint8Array, width: number): number {
  let at = start;
  let shift = 0;
  for (let x = 0; x < width; at += 4) {
    if (at + 4 > bytes.length) fail('the file ends too early');
    const pixel = bytes.subarray(at, at + 4);
    if (pixel[0] !== 1 || pixel[1] !== 1 || pixel[2] !== 1) {
      line.set(pixel, 4 * x++);
      shift = 0;
      continue;
    }
    const count = pixel[3] * 2 ** shift;
    if (x === 0 || x + count > width) fail('a run is longer than its row');
    for (let k = 0; k < count; k++, x++) line.copyWithin(4 * x, 4 * x - 4, 4 * x);
    shift = Math.min(shift + 8, 24);
  }
  return at;
}

/**
 * Writes a Radiance picture, without compression: 8 bits per channel and a shared exponent, so the brightest channel is
 * right to 1/256 and negative light becomes 0. Alpha is left out.
 */
export function writeHDR({ width, height, channels, data }: FloatImage): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(`#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y ${height} +X ${width}\n`);
  const bytes = new Uint8Array(header.length + 4 * width * height);
  bytes.set(header);
  for (let p = 0; p < width * height; p++) {
    const at = header.length + 4 * p;
    const rgb = [0, 1, 2].map((k) => data[p * channels + k]);
    const most = Math.max(...rgb);
    if (!(most > 1e-32) || most >= 2 ** 127) {
      // black, or beyond what the exponent holds; NaN has no code
      if (most > 1) bytes.set([255, 255, 255, 255], at);
      continue;
    }
    const exponent = Math.floor(Math.log2(most)) + 1;
    // rounding may reach 256: one exponent more
    const e = exponent + (Math.round((most * 256) / 2 ** exponent) > 255 ? 1 : 0);
    for (let k = 0; k < 3; k++) bytes[at + k] = Math.round(Math.max(rgb[k], 0) * 2 ** (8 - e));
    bytes[at + 3] = e + 128;
  }
  return bytes;
}
